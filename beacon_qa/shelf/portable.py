"""A book as a folder one can carry to another machine: memory, document, and a header.

    book.json            the book's record and the version of this layout
    document.json        its text, pages and chapters
    memory.safetensors   its condensed memory

Knows the shelf and files. Whether the memory fits a model is checked when it is opened.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from beacon_qa.documents import Document
from beacon_qa.errors import ShelfError
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.shelf import Shelf
from beacon_qa.shelf.storage import copy_atomically, explained, write_atomically

VERSION = 1
_FIXED = ("model_name", "seams", "total_tokens", "total_windows")
"""What a record says of a book before any of it is read."""

_LARGEST_JSON = 1 << 28
"""Bytes of JSON that are read at most from a folder that comes from elsewhere."""


def export_book(shelf: Shelf, book_id: str, folder: Path) -> Path:
    """Write a ready book into `folder`, which must be new or empty; returns the folder.

    Raises ShelfError when the book is not read to its end, or when the folder holds something.
    """
    record = shelf.get(book_id)
    if record.state != "ready":
        raise ShelfError(
            f"{record.title} ({book_id}) is {record.state}, and only a book that is read to its "
            "end can be exported; read it first."
        )
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ShelfError(f"The folder {folder} is not empty; export into a new one.")
    copy_atomically(shelf.memory_path(book_id), folder / "memory.safetensors")
    write_atomically(folder / "document.json", shelf.document(book_id).to_json().encode())
    header = {"version": VERSION, "book": dataclasses.asdict(record)}
    # The header goes last: a folder without it is an export that was cut short.
    write_atomically(folder / "book.json", json.dumps(header, indent=2).encode())
    return folder


def import_book(shelf: Shelf, folder: Path) -> BookRecord:
    """Put an exported book on the shelf; one that is there already is left as it is.

    Raises ShelfError when the folder is no exported book or its parts do not belong together.
    """
    record = _header(folder)
    document = Document.from_json(_read(folder / "document.json"))
    if document.content_hash != record.content_hash or record.id != record.key.book_id:
        raise ShelfError(f"The parts in {folder} do not belong to one book; export it again.")
    memory = folder / "memory.safetensors"
    with explained(memory):
        size = memory.stat().st_size
    with shelf.reading(record.id) as held:
        if not held:
            raise ShelfError(f"{record.title} is being read here now; import it afterwards.")
        shelf.keep_document(document)
        # A book whose memory finds no room can still be read here: it needs to know its length.
        fixed = {name: getattr(record, name) for name in _FIXED}
        present = shelf.add(record.key, document, **fixed)
        if present.state == "ready":
            return present
        shelf.room_for(size)
        copy_atomically(memory, shelf.memory_path(record.id))
        read = {name: getattr(record, name) for name in ("tokens", "windows", "kept")}
        facts = {**fixed, **read}
        return shelf.update(record.id, state="ready", reason="", nbytes=size, **facts)


def _header(folder: Path) -> BookRecord:
    try:
        header = json.loads(_read(folder / "book.json"))
        version, book = header["version"], header["book"]
        record = BookRecord(**book)
    except (ValueError, KeyError, TypeError) as error:
        raise ShelfError(f"{folder} is not an exported book: its book.json is damaged.") from error
    if version != VERSION:
        raise ShelfError(
            f"{folder} is an export of version {version}, and this program knows {VERSION}; "
            "update the program."
        )
    _check_types(record, folder)
    return record


def _check_types(record: BookRecord, folder: Path) -> None:
    blank: dict[str, Any] = dataclasses.asdict(BookRecord("", "", "", "", ""))
    for name, value in dataclasses.asdict(record).items():
        if type(value) is not type(blank[name]):
            raise ShelfError(f"{folder} is not an exported book: its {name} is {value!r}.")


def _read(path: Path) -> str:
    with explained(path), path.open("rb") as file:
        data = file.read(_LARGEST_JSON + 1)
    if len(data) > _LARGEST_JSON:
        raise ShelfError(f"{path} is larger than {_LARGEST_JSON >> 20} MB; it is no exported book.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ShelfError(f"{path} is not text; it is no part of an exported book.") from error
