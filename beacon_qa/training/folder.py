"""A folder of anybody's texts: which of its files are read, and as what.

Knows files and documents; knows nothing of tokens. Files that cannot be read are passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from beacon_qa.documents import Document, open_document
from beacon_qa.documents.sniff import EXTENSIONS
from beacon_qa.errors import DocumentError

log = logging.getLogger(__name__)


def documents_in(path: Path) -> Iterator[Document]:
    """Yield the documents of a folder and the folders in it, in name order, or the one file given.

    A file that cannot be read is noted and left out. Raises DocumentError when none is left.
    """
    found = 0
    for file in _files(path):
        try:
            document = open_document(file)
        except DocumentError as error:
            log.warning("left out: %s", error)
            continue
        found += 1
        yield document
    if not found:
        raise DocumentError(
            f"No text could be read in “{path}”; give a folder with "
            f"{', '.join(sorted(EXTENSIONS))} files."
        )


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in EXTENSIONS)
    return [path] if path.is_file() else []
