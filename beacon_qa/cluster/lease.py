"""The lease: how workers on other machines know that they are still wanted.

Whoever gave the work holds a lock on the shared shelf as long as it is wanted. The lock ends with
its program, however that ends; a worker that sees it free stops after the window at hand and keeps
what it read. A worker that does not see it held when it begins has another folder before it, or
storage whose locks do not reach it. Knows locks; knows nothing of Ray.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from beacon_qa.errors import ClusterError
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.catalog import lock_file
from beacon_qa.shelf.storage import explained

_LOOK = 1.0
"""Seconds between two looks at the lock."""


@contextmanager
def leasing(shelf: Shelf) -> Iterator[Path]:
    """Hold a new lease for the time of a block; yields its path, which workers look at."""
    path = shelf.root / "locks" / f"lease-{secrets.token_hex(8)}.lock"
    notes = _notes(path)
    try:
        with explained(path), lock_file(path):
            notes.mkdir(mode=0o700)
            yield path
    finally:
        path.unlink(missing_ok=True)
        shutil.rmtree(notes, ignore_errors=True)


class Lease:
    """A lease as a worker sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = 0.0
        self._over = False
        self._guard = Lock()

    def check(self) -> None:
        """Raise ClusterError unless the lease is seen to be held from here."""
        if not self._path.exists():
            raise ClusterError(
                f"The machine {socket.gethostname()} does not see what the others keep in "
                f"{self._path.parents[1]}; name a shelf on storage that all machines share."
            )
        if self._free():
            raise ClusterError(
                f"File locks in {self._path.parents[1]} do not reach the machine "
                f"{socket.gethostname()}; keep the shelf on storage whose locks work between "
                "machines, such as NFS 4."
            )

    def over(self) -> bool:
        """Whether the work is not wanted any more; looks at the lock once a second."""
        with self._guard:
            if not self._over and time.monotonic() - self._looked > _LOOK:
                self._looked = time.monotonic()
                self._over = not self._path.exists() or self._free()
            return self._over

    def begun(self, name: str) -> int:
        """Note that work of this name is begun; returns how often it was, by all workers."""
        note = self._note(name)
        try:
            with note.open("ab") as file:
                file.write(b".")
                return file.tell()
        except FileNotFoundError:  # the lease is over, as the next look at it tells
            return 1

    def ended(self, name: str) -> None:
        """Note that work of this name has come to an end, and is not to be begun again."""
        self._note(name).unlink(missing_ok=True)

    def _note(self, name: str) -> Path:
        return _notes(self._path) / hashlib.sha256(name.encode(errors="replace")).hexdigest()

    def _free(self) -> bool:
        with lock_file(self._path) as free:
            return free


def _notes(lease: Path) -> Path:
    return lease.with_suffix(".notes")
