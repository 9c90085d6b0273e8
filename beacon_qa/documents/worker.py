"""The parsing process: one file in on standard input, one answer out on standard output.

Knows its own limits, which it sets before it looks at the file, and the form of the answer. It is
started by `isolate`; nothing else imports it. A line of JSON tells the job, the file's bytes
follow. The answer's first line is "document" or the name of an error; the document as JSON, or the
error's sentence, follows.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from dataclasses import fields
from typing import Any

from beacon_qa.documents.deadline import TooSlow
from beacon_qa.documents.parse import parse
from beacon_qa.documents.raw import Limits
from beacon_qa.errors import DamagedFile, DocumentError, LimitExceeded

_OPEN_FILES = 64


def main() -> None:
    """Do one job."""
    logging.disable()
    warnings.simplefilter("ignore")
    job = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**{f.name: job["limits"][f.name] for f in fields(Limits)})
    _confine(limits)
    answer = _answer(sys.stdin.buffer.read(), job, limits)
    sys.stdout.buffer.write(answer.encode("utf-8", errors="replace"))
    sys.stdout.buffer.flush()


def _answer(data: bytes, job: dict[str, Any], limits: Limits) -> str:
    name = job["name"]
    try:
        document = parse(data, name, password=job["password"], limits=limits)
        return f"document\n{document.to_json()}"
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


def _refusal(kind: type[DocumentError], message: str) -> str:
    return f"{kind.__name__}\n{message}"


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
