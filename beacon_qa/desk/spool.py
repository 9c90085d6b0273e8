"""The spool: files that were handed in, kept under names of our own until they are parsed.

Knows one private folder for the time this program runs; knows nothing of what is in the files.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from threading import Lock

from beacon_qa.shelf.storage import explained


class Spool:
    """A folder of mode 0700, made with the first file and gone after `close`."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._guard = Lock()

    def take(self, file: Path) -> Path:
        """Move a file in; returns its new path. Raises ShelfError when it cannot be moved."""
        with self._guard, explained(file):
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="beacon-qa-"))
            path = self._folder / secrets.token_hex(16)
            shutil.move(file, path)
            path.chmod(0o600)
            return path

    def holds(self, path: Path) -> bool:
        """Whether a file is one of the spool's."""
        return self._folder is not None and path.parent == self._folder

    def drop(self, path: Path) -> None:
        """Delete a file if it is one of the spool's; others are not ours to delete."""
        if self.holds(path):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the folder and all that is left in it."""
        with self._guard:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None
