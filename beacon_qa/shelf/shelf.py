"""The library on disk: a catalog, one document file a text and one memory file a book.

    shelf.sqlite              the catalog: books and conversations
    documents/HASH.json       a parsed document, shared by all memories of it
    originals/HASH.pdf        the file itself, where its pages are to be shown
    memories/ID.safetensors   the condensed memory of a book
    partial/ID.safetensors    how far an unfinished reading has come

Knows files and rows; knows nothing of models, and opens no memory. Several programs may use one
shelf: writes are atomic, and a book is read by one of them at a time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from beacon_qa.documents import Document
from beacon_qa.errors import BookNotFound, ShelfError
from beacon_qa.shelf.book_record import BookRecord, MemoryKey
from beacon_qa.shelf.catalog import Catalog, lock_file
from beacon_qa.shelf.conversations import Conversations
from beacon_qa.shelf.finding import find_record
from beacon_qa.shelf.storage import (
    copy_atomically,
    expanded,
    explained,
    folder_size,
    inside,
    named,
    write_atomically,
)

_CATALOG = "shelf.sqlite"
_FOLDERS = ("documents", "originals", "memories", "partial", "locks")
_COLUMNS = tuple(field.name for field in dataclasses.fields(BookRecord))


def default_folder(data_home: str | Path | None = None) -> Path:
    """Where the shelf is kept: `beacon-qa` in the user's data folder (XDG's by default)."""
    return Path(data_home or Path.home() / ".local" / "share") / "beacon-qa"


class Shelf:
    """The books kept in one folder, made with mode 0700 when it is not there.

    `quota` bytes at most, all files together; None is without limit. `shared` makes it one that
    several machines may use at a time, on storage whose file locks work between them; it stays
    so. Raises ShelfError when the folder cannot be used, and, without `make`, when it is no shelf.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        quota: int | None = None,
        shared: bool = False,
        make: bool = True,
    ) -> None:
        self.root = expanded(root or default_folder()).resolve()
        self.quota = quota
        if not make and not (self.root / _CATALOG).exists():
            raise ShelfError(
                f"There is no shelf in {named(self.root)}; name another folder, or read a book to "
                "begin one there."
            )
        with explained(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in _FOLDERS:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
            self._catalog = Catalog(self.root / _CATALOG, shared=shared)
        self.conversations = Conversations(self._catalog)

    def keep_document(self, document: Document) -> None:
        """Keep a parsed document under its content hash; one that is there already stays."""
        path = self._path("documents", document.content_hash, ".json")
        if not path.exists():
            data = document.to_json().encode()
            self.room_for(len(data))
            write_atomically(path, data)

    def kept_document(self, content_hash: str) -> Document | None:
        """The document once parsed from a file of this content hash, or None."""
        path = self._path("documents", content_hash, ".json")
        return self._document(content_hash) if path.exists() else None

    def document(self, book_id: str) -> Document:
        """The document of a book."""
        return self._document(self.get(book_id).content_hash)

    def keep_original(self, content_hash: str, file: Path) -> None:
        """Keep the PDF file that a document was parsed from, to show its pages."""
        path = self._path("originals", content_hash, ".pdf")
        if not path.exists():
            with explained(file):
                size = file.stat().st_size
            self.room_for(size)
            copy_atomically(file, path)

    def original(self, book_id: str) -> Path | None:
        """The PDF file of a book, or None where it was not kept."""
        path = self._path("originals", self.get(book_id).content_hash, ".pdf")
        return path if path.exists() else None

    def add(self, key: MemoryKey, document: Document, **facts: Any) -> BookRecord:
        """Put a book on the shelf as waiting; if it is there already, return it as it is."""
        now = _now()
        if facts.get("source"):
            facts["source"] = named(Path(facts["source"]))
        record = BookRecord(
            **{**dataclasses.asdict(key), "id": key.book_id, "created": now, "updated": now},
            title=document.title,
            author=document.author or "",
            language=document.language or "",
            format=document.format,
            pages=len(document.pages),
            chapters=len(document.chapters),
            characters=len(document.text),
            **facts,
        )
        marks = ", ".join("?" * len(_COLUMNS))
        with self._catalog.transaction() as db:
            db.execute(
                f"INSERT OR IGNORE INTO books ({', '.join(_COLUMNS)}) VALUES ({marks})",
                dataclasses.astuple(record),
            )
        return self.get(record.id)

    def books(self) -> list[BookRecord]:
        """All books, the one last touched first; one whose reading was cut short is waiting."""
        with self._catalog.view() as db:
            rows = db.execute("SELECT * FROM books ORDER BY updated DESC, id").fetchall()
        return [self._settled(BookRecord(**row)) for row in rows]

    def get(self, book_id: str) -> BookRecord:
        """The book of this id; raises BookNotFound."""
        with self._catalog.view() as db:
            row = db.execute("SELECT * FROM books WHERE id = ?", (book_id,)).fetchone()
        if row is None:
            raise BookNotFound(f"No book {book_id} is on the shelf; `shelf list` shows what is.")
        return self._settled(BookRecord(**row))

    def find(self, name: str, *, model_key: str = "") -> BookRecord:
        """The book of this id, path or title (whole, beginning or part; case does not matter).

        Among several memories of one text the one made by `model_key`, else the newest. Raises
        BookNotFound when none fits, or when several texts do, naming them.
        """
        return find_record(self.books(), name, model_key)

    def update(self, book_id: str, **changes: Any) -> BookRecord:
        """Change columns of a book's row."""
        changes["updated"] = _now()
        unknown = set(changes) - set(_COLUMNS)
        if unknown:
            raise ShelfError(f"A book has no {', '.join(sorted(unknown))} to change.")
        sets = ", ".join(f"{name} = ?" for name in changes)
        with self._catalog.transaction() as db:
            db.execute(f"UPDATE books SET {sets} WHERE id = ?", (*changes.values(), book_id))
        return self.get(book_id)

    def memory_path(self, book_id: str) -> Path:
        """Where the memory of a book is, or will be, kept."""
        return self._path("memories", book_id, ".safetensors")

    def partial_path(self, book_id: str) -> Path:
        """Where an unfinished reading keeps how far it has come."""
        return self._path("partial", book_id, ".safetensors")

    @contextmanager
    def reading(self, book_id: str) -> Iterator[bool]:
        """Claim a book for reading; yields False when another reader has it."""
        # A moment's patience: listing the shelf probes the lock too.
        with lock_file(self._path("locks", book_id, ".lock"), wait=0.5) as held:
            yield held

    def remove(self, book_id: str) -> BookRecord:
        """Delete a book, its memory and its conversations, and the text if no other book needs it.

        Raises ShelfError while the book is being read.
        """
        record = self.get(book_id)
        with self.reading(book_id) as held:
            if not held:
                raise ShelfError(
                    f"{record.title} ({book_id}) is being read; stop the reading, then remove it."
                )
            with self._catalog.transaction() as db:
                db.execute("DELETE FROM books WHERE id = ?", (book_id,))
                same = "SELECT 1 FROM books WHERE content_hash = ?"
                shared = db.execute(same, (record.content_hash,)).fetchone() is not None
            self.memory_path(book_id).unlink(missing_ok=True)
            self.partial_path(book_id).unlink(missing_ok=True)
            if not shared:
                self._path("documents", record.content_hash, ".json").unlink(missing_ok=True)
                self._path("originals", record.content_hash, ".pdf").unlink(missing_ok=True)
        return record

    def size(self) -> int:
        """Bytes of all files of the shelf."""
        return folder_size(self.root)

    def room_for(self, nbytes: int) -> None:
        """Raise ShelfError unless `nbytes` more keep the shelf within its quota."""
        if self.quota is not None and self.size() + nbytes > self.quota:
            raise ShelfError(
                f"The shelf would grow past its {self.quota / 1e6:.0f} MB: it holds "
                f"{self.size() / 1e6:.1f} MB and {nbytes / 1e6:.1f} MB would be added; remove a "
                "book, read at a higher ratio, or raise the quota."
            )

    def _document(self, content_hash: str) -> Document:
        path = self._path("documents", content_hash, ".json")
        with explained(path):
            return Document.from_json(path.read_text(encoding="utf-8"))

    def _path(self, folder: str, name: str, ending: str) -> Path:
        return inside(self.root / folder, name, ending)

    def _settled(self, record: BookRecord) -> BookRecord:
        """The record as it is: a reading whose program is gone is a book that waits."""
        if record.state != "reading":
            return record
        with lock_file(self._path("locks", record.id, ".lock")) as free:
            return dataclasses.replace(record, state="waiting") if free else record


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
