"""From what a user names to a parsed document: a file, standard input, or a book of the shelf.

Knows files and the shelf; knows nothing of models. A file that was parsed before is not parsed
again, whatever its name is now.
"""

from __future__ import annotations

from pathlib import Path

from beacon_qa.documents import Document, open_bytes, open_document
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import explained, file_hash


def files_in(folder: Path) -> list[Path]:
    """All files in a folder and the folders below it, in the order of their names.

    Hidden ones are left out, as are links: a link may lead out of the folder, or round in it.
    Raises ShelfError when the folder cannot be listed.
    """
    found: list[Path] = []
    with explained(folder):
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.is_symlink():
                continue
            found += files_in(path) if path.is_dir() else [path] if path.is_file() else []
    return found


def document_in_file(shelf: Shelf, path: Path, password: str | None = None) -> Document:
    """The document in a file, kept on the shelf; raises DocumentError when it cannot be read."""
    path = path.expanduser()
    kept = shelf.kept_document(file_hash(path)) if path.is_file() else None
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
