"""What was uploaded to one shelf: a note of each file, and the file itself until it is parsed.

    uploads/ID.json   its name, size, purpose and time, and why it could not be read
    uploads/ID.file   its bytes, gone once they are a document on the shelf

The id comes from the content: a file uploaded twice is one file. Knows files; knows nothing of
readings or requests.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beacon_qa.errors import BookNotFound, ShelfError
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import explained, inside, replacing, write_atomically

_LOG = logging.getLogger(__name__)

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded; `created` counts seconds since 1970."""

    id: str
    filename: str
    nbytes: int
    purpose: str
    created: int
    content_hash: str
    reason: str = ""


class Uploads:
    """The uploads of one shelf; raises ShelfError when its folder cannot be used."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._folder = shelf.root / "uploads"
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)

    def keep(self, stream: BinaryIO, filename: str, purpose: str) -> Upload:
        """Keep a file, from where the stream stands; raises ShelfError when there is no room."""
        incoming = inside(self._folder, f"incoming-{secrets.token_hex(8)}")
        digest, size = hashlib.sha256(), 0
        try:
            with replacing(incoming) as file:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    file.write(block)
            self._shelf.room_for(0)
            content = digest.hexdigest()
            created = int(time.time())
            upload = Upload(f"file-{content[:24]}", filename, size, purpose, created, content)
            self._note(upload)
            with explained(incoming):
                incoming.replace(self._path(upload.id, ".file"))
        finally:
            incoming.unlink(missing_ok=True)
        return upload

    def all(self) -> list[Upload]:
        """All uploads, the newest first."""
        found = []
        for path in self._folder.glob("file-*.json"):
            try:
                found.append(self.get(path.stem))
            except (BookNotFound, ShelfError) as error:
                _LOG.warning("%s is left out: %s", path.name, error)
        return sorted(found, key=lambda upload: (-upload.created, upload.id))

    def get(self, upload_id: str) -> Upload:
        """The upload of this id; raises BookNotFound."""
        try:
            text = self._path(upload_id, ".json").read_text(encoding="utf-8")
            return Upload(**json.loads(text))
        except (OSError, ShelfError) as error:
            raise BookNotFound(f"No file {upload_id[:80]!r} was uploaded here.") from error
        except (TypeError, ValueError) as error:
            raise ShelfError(f"The note of {upload_id} is damaged; upload it again.") from error

    def file(self, upload: Upload) -> Path | None:
        """The file itself, or None once it is parsed."""
        path = self._path(upload.id, ".file")
        return path if path.exists() else None

    def settle(self, upload: Upload, reason: str = "") -> Upload:
        """Let the file itself go, which was parsed, or could not be for a `reason`."""
        settled = dataclasses.replace(upload, reason=reason)
        if settled != upload:
            self._note(settled)
        self._path(upload.id, ".file").unlink(missing_ok=True)
        return settled

    def forget(self, upload: Upload) -> None:
        """Delete all that is known of an upload."""
        self._path(upload.id, ".file").unlink(missing_ok=True)
        self._path(upload.id, ".json").unlink(missing_ok=True)

    def _note(self, upload: Upload) -> None:
        data = json.dumps(dataclasses.asdict(upload), ensure_ascii=False)
        write_atomically(self._path(upload.id, ".json"), data.encode())

    def _path(self, upload_id: str, ending: str) -> Path:
        return inside(self._folder, upload_id, ending)
