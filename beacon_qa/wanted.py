"""What a user wants read, and what became of it: files, folders of files, books of the shelf.

Knows names, files and the shelf; knows nothing of models, or of which machine reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beacon_qa.documents import Document
from beacon_qa.errors import EmptyDocument, UnsupportedFormat
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import expanded
from beacon_qa.sources import document_in_file, files_in

Kind = Literal["read", "known", "skipped", "failed", "stopped"]


@dataclass(frozen=True)
class Wanted:
    """One text to be read: the file at `source`, or a document kept under `content_hash`.

    `in_folder` is true for a file that was found in a folder, and not named by itself.
    """

    name: str
    source: str = ""
    content_hash: str = ""
    in_folder: bool = False

    def document(self, shelf: Shelf, password: str | None = None) -> Document:
        """The document, parsed if need be, and kept; raises DocumentError, ShelfError."""
        if os.path.isdir(self.source):
            files_in(Path(self.source))  # it stands here because it cannot be listed, and says why
        kept = shelf.kept_document(self.content_hash) if self.content_hash else None
        return kept or document_in_file(shelf, Path(self.source), password)

    def failed(self, error: Exception) -> Outcome:
        """What became of it after an error: what is no document is skipped in a folder."""
        no_document = isinstance(error, UnsupportedFormat | EmptyDocument)
        kind: Kind = "skipped" if self.in_folder and no_document else "failed"
        return Outcome(self.name, kind, reason=str(error))


@dataclass(frozen=True)
class Outcome:
    """What became of one text: read now, known before, or not read, for a `reason`."""

    name: str
    kind: Kind
    book_id: str = ""
    seconds: float = 0.0
    reason: str = ""


def wanted_at(shelf: Shelf, name: str) -> Iterator[Wanted]:
    """The texts that a name means: a file, all files in a folder, or a book on the shelf.

    Raises BookNotFound when there is nothing of that name, ShelfError for an unusable folder.
    """
    path = expanded(name)
    if path.is_dir():
        for file in files_in(path):
            yield Wanted(str(file), str(file.resolve()), in_folder=True)
    elif path.exists():
        yield Wanted(name, str(path.resolve()))
    else:
        record = shelf.find(name)
        yield Wanted(name, record.source, record.content_hash)
