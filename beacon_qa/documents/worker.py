"""The parsing process: one file in on standard input, one answer out on standard output.

Knows its own limits, which it sets before it looks at the file, and the form of the answer. It is
started by `isolate`. A line of JSON tells the job, the file's bytes follow. The answer's first
line is "done" or the name of an error; the document as JSON, or the error's sentence, follows.
The process that draws pages works in the same way.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from beacon_qa.documents.deadline import TooSlow
from beacon_qa.documents.parse import parse
from beacon_qa.documents.raw import Limits
from beacon_qa.errors import DamagedFile, DocumentError, LimitExceeded

_OPEN_FILES = 64


def main() -> None:
    """Parse one file."""
    work(_document)


def work(task: Callable[[bytes, dict[str, Any], Limits], bytes]) -> None:
    """Do one job: what `task` makes of a file's bytes, under the job's limits."""
    logging.disable()
    warnings.simplefilter("ignore")
    job = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**{f.name: job["limits"][f.name] for f in fields(Limits)})
    _confine(limits)
    sys.stdout.buffer.write(_answer(task, sys.stdin.buffer.read(), job, limits))
    sys.stdout.buffer.flush()


def _document(data: bytes, job: dict[str, Any], limits: Limits) -> bytes:
    document = parse(data, job["name"], password=job["password"], limits=limits)
    return document.to_json().encode("utf-8", errors="replace")


def _answer(
    task: Callable[[bytes, dict[str, Any], Limits], bytes],
    data: bytes,
    job: dict[str, Any],
    limits: Limits,
) -> bytes:
    name = job["name"]
    try:
        return b"done\n" + task(data, job, limits)
    except DocumentError as error:
        return _refusal(type(error), str(error))
    except MemoryError:
        return _refusal(LimitExceeded, too_much_memory(name, limits))
    except (Exception, TooSlow) as error:
        # A parser's own error is no sentence for a reader; its kind helps in a report.
        message = (
            f"“{name}” is damaged and cannot be read ({type(error).__name__}); "
            "get the file again, or save it in another format."
        )
        return _refusal(DamagedFile, message)


def too_much_memory(name: str, limits: Limits) -> str:
    """Return the sentence for a file that needs more memory than is allowed."""
    return (
        f"“{name}” needs more than the {limits.memory // 2**20:,} MiB of memory allowed for "
        "reading a file; split it, or raise the limit on memory."
    )


def _refusal(kind: type[DocumentError], message: str) -> bytes:
    return f"{kind.__name__}\n{message}".encode("utf-8", errors="replace")


def _confine(limits: Limits) -> None:
    """Limit this process: memory, processor time, open files; no file may grow, no core dump."""
    try:
        import resource
    except ImportError:
        return
    wanted = (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 2),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    )
    for what, soft, hard in wanted:
        try:
            resource.setrlimit(what, (soft, hard))
        except (ValueError, OSError):
            # Some systems refuse some limits; the clock still stands over the process.
            continue


if __name__ == "__main__":
    main()
