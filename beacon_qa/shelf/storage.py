"""Files of our own: private, written whole or not at all, and never outside their folder.

Knows the file system only.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from beacon_qa.errors import ShelfError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_BLOCK = 1 << 20


def expanded(name: str | Path) -> Path:
    """A path with `~` in it as the user's folder; of nobody's it is a name like any other."""
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def named(path: Path) -> str:
    """A path as text that can be kept and shown; bytes that are no UTF-8 are spelled out."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def inside(folder: Path, name: str, ending: str = "") -> Path:
    """The path of `name` in `folder`; raises ShelfError for a name that could lead elsewhere."""
    if _NAME.fullmatch(name):
        path = (folder / f"{name}{ending}").resolve()
        if path.parent == folder.resolve():
            return path
    raise ShelfError(f"{name!r} cannot name a file of the shelf; use an id that it lists.")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 so that readers see the old one or the whole new one."""
    with replacing(path) as file:
        file.write(data)


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file block by block, whole or not at all, mode 0600."""
    with explained(source), source.open("rb") as original, replacing(target) as copy:
        while block := original.read(_BLOCK):
            copy.write(block)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once it is written whole."""
    with explained(path):
        # mkstemp makes its file readable by the owner alone.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with explained(path), path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def folder_size(root: Path) -> int:
    """Bytes of all files under a folder."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            # Another program may remove a file between its listing and its measuring.
            with suppress(OSError):
                total += (Path(folder) / name).stat().st_size
    return total


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into a sentence (ShelfError)."""
    try:
        yield
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise ShelfError(f"{error.filename or path} cannot be used: {what}.") from error
