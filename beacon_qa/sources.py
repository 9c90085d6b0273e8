"""From what a user names to a parsed document: a file, standard input, or a book of the shelf.

Knows files and the shelf; knows nothing of models. A file that was parsed before is not parsed
again, whatever its name is now.
"""

from __future__ import annotations

import os
from pathlib import Path

from beacon_qa.documents import Document, open_bytes, open_document
from beacon_qa.errors import DocumentError
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import expanded, explained, file_hash


def files_in(folder: Path) -> list[Path]:
    """All files in a folder and the folders below it, in the order of their names.

    Hidden ones are left out, as are links: a link may lead out of the folder, or round in it. A
    folder below that cannot be listed stands for what may be in it. Raises ShelfError when the
    folder itself cannot be listed.
    """
    found: list[Path] = []
    with explained(folder):
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.is_symlink():
                continue
            if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
                found += files_in(path)
            elif path.is_dir() or path.is_file():
                found.append(path)
    return found


def located(name: str | Path) -> Path:
    """The whole path of a file that is named; raises DocumentError for what can be no path."""
    try:
        return expanded(name).resolve()
    except (OSError, ValueError) as error:
        raise DocumentError(f"{str(name)[:200]!r} can be no file: {error}.") from error


def document_in_file(shelf: Shelf, path: Path, password: str | None = None) -> Document:
    """The document in a file, kept on the shelf; raises DocumentError when it cannot be read."""
    path = located(path)
    kept = shelf.kept_document(file_hash(path)) if os.path.isfile(path) else None
    if kept is not None:
        return kept
    document = open_document(path, password=password)
    shelf.keep_document(document)
    return document


def document_in_bytes(
    shelf: Shelf, data: bytes, name: str, password: str | None = None
) -> Document:
    """The document in these bytes, kept on the shelf; `name` helps to tell its format."""
    document = open_bytes(data, name=name, password=password)
    shelf.keep_document(document)
    return document
