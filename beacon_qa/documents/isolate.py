"""Open files from elsewhere: parse them in a process of their own, under limits.

Knows how to start that process, what to send, and what its end means. Whatever a file does to the
parser, the caller gets a Document or one sentence.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from beacon_qa import errors
from beacon_qa.documents.document import Document
from beacon_qa.documents.raw import Limits
from beacon_qa.errors import DamagedFile, DocumentError, LimitExceeded

_LOG = logging.getLogger(__name__)
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_KILLED_FOR_TIME = {"SIGXCPU"}
_KILLED_FOR_MEMORY = {"SIGKILL"}


def open_document(
    path: str | os.PathLike[str], *, password: str | None = None, limits: Limits | None = None
) -> Document:
    """Read a file as a document.

    `password` opens an encrypted PDF. Raises a DocumentError: PasswordNeeded, NoTextLayer,
    DamagedFile, EmptyDocument, LimitExceeded, UnsupportedFormat, or the bare one when there is no
    such file.
    """
    file = Path(path)
    limits = limits or Limits()
    try:
        with file.open("rb") as stream:
            data = stream.read(limits.bytes + 1)
    except IsADirectoryError as error:
        raise DocumentError(f"“{file}” is a folder; name a file in it.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(f"“{file}” cannot be opened ({reason}); check the name.") from error
    return open_bytes(data, name=file.name, password=password, limits=limits)


def open_bytes(
    data: bytes, *, name: str, password: str | None = None, limits: Limits | None = None
) -> Document:
    """Read a file's bytes as a document, as `open_document` does; `name` is the file's name."""
    limits = limits or Limits()
    limits.check_bytes(len(data), name)
    job = {"name": sayable(name), "password": password}
    answer = ask_worker("beacon_qa.documents.worker", job, data, limits)
    return Document.from_json(answer.decode("utf-8", errors="replace"))


def ask_worker(module: str, job: dict[str, Any], data: bytes, limits: Limits) -> bytes:
    """What a worker, started as a process of its own, answers to a job and a file's bytes.

    The job has the file's `name`, for messages. Raises the DocumentError that the worker names,
    or the one that fits its end.
    """
    name = job["name"]
    question = json.dumps({**job, "limits": asdict(limits)}).encode() + b"\n" + data
    answer, code = _run(module, question, limits, name)
    if code != 0:
        raise _ended_badly(code, name, limits)
    return _understood(answer, name)


def _run(module: str, question: bytes, limits: Limits, name: str) -> tuple[bytes, int]:
    # -P keeps the folder the user happens to be in from being searched for modules.
    command = [sys.executable, "-P", "-m", module]
    try:
        done = subprocess.run(
            command,
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.wall_seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded(
            f"“{name}” was not read within {limits.wall_seconds:g} seconds; "
            "split it, or raise the limit on time."
        ) from error
    except OSError as error:
        raise DocumentError(
            f"“{name}” was not read: no process could be started for it ({error.strerror}); "
            "close other programs and try again."
        ) from error
    return done.stdout, done.returncode


def _environment() -> dict[str, str]:
    """Return this process's environment, with this package first on the path for modules."""
    path = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    quiet = {"PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **quiet}


def _ended_badly(code: int, name: str, limits: Limits) -> DocumentError:
    try:
        ending = signal.Signals(-code).name if code < 0 else ""
    except ValueError:
        ending = ""
    _LOG.warning("parsing %s ended with status %d %s", name, code, ending)
    if ending in _KILLED_FOR_TIME:
        return LimitExceeded(
            f"“{name}” took more than {limits.cpu_seconds} seconds of processor time to read; "
            "split it, or raise the limit on time."
        )
    if ending in _KILLED_FOR_MEMORY:
        return LimitExceeded(
            f"“{name}” needed more memory than this machine has free; split it, or close programs."
        )
    return DamagedFile(
        f"“{name}” is damaged: it made the reader stop ({ending or code}); "
        "get the file again, or save it in another format."
    )


def _understood(answer: bytes, name: str) -> bytes:
    kind, _, rest = answer.partition(b"\n")
    if kind == b"done":
        return rest
    error = getattr(errors, kind.decode("ascii", errors="replace"), None)
    if isinstance(error, type) and issubclass(error, DocumentError):
        raise error(rest.decode("utf-8", errors="replace"))
    raise DamagedFile(f"“{name}” is damaged: the reader gave no answer; get the file again.")


def sayable(name: str) -> str:
    """Return the name without what cannot be written, such as undecodable bytes of a path."""
    return name.encode("utf-8", errors="replace").decode("utf-8")
