"""Whose shelf a request uses, and the books that are open for it.

Without keys there is one patron, whose shelf is the one that was named. With keys each is a patron
with a shelf of their own beside it, and every id is looked up in that shelf alone: what another
one has does not exist. Knows readers, shelves and the desk; knows nothing of HTTP.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from beacon_qa.book import Book
from beacon_qa.chat.histories import Histories
from beacon_qa.desk import Desk
from beacon_qa.keys import Keys
from beacon_qa.reader import Reader
from beacon_qa.server.files import Files
from beacon_qa.server.uploads import Uploads
from beacon_qa.shelf import Shelf

_OPEN = 4
"""Books whose memories are held open, for all patrons together."""

_HISTORY_BYTES = 1 << 28
"""Memory for conversations that go on, for each patron."""


@dataclass(eq=False)
class Patron:
    """Somebody who uses the library: their reader, their files, and what they said."""

    reader: Reader
    files: Files
    histories: Histories = field(default_factory=lambda: Histories(_HISTORY_BYTES))


class Library:
    """All patrons, with one model and one desk."""

    def __init__(self, reader: Reader, desk: Desk, keys: Keys | None = None) -> None:
        # Questions that are asked at the same time are answered together.
        self._reader = dataclasses.replace(reader, engine=reader.engine.gathered())
        self._desk = desk
        self.keys = keys
        self._patrons: dict[str, Patron] = {}
        self._open: OrderedDict[tuple[str, ...], Book] = OrderedDict()
        self._guard = Lock()
        self._opening = Lock()

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._reader.engine.name

    @property
    def fingerprint(self) -> str:
        """Tells the model's weights from others."""
        return f"fp_{self._reader.engine.key[:12]}"

    def patron(self, name: str = "") -> Patron:
        """The patron of a key's name, or the only one."""
        with self._guard:
            if name not in self._patrons:
                reader = self._reader
                if name:
                    folder = hashlib.sha256(name.encode()).hexdigest()[:32]
                    root = reader.shelf.root / "keys" / folder
                    shelf = Shelf(root, quota=reader.shelf.quota)
                    reader = dataclasses.replace(reader, shelf=shelf)
                files = Files(reader, self._desk, Uploads(reader.shelf))
                self._patrons[name] = Patron(reader, files)
            return self._patrons[name]

    def admit(self, key: str) -> Patron | None:
        """The patron a key opens the library to, or None; without keys anybody is the only one."""
        if self.keys is None:
            return self.patron()
        name = self.keys.owner(key)
        return None if name is None else self.patron(name)

    def everybody(self) -> list[Patron]:
        """All patrons there are."""
        return [self.patron(name) for name in ([""] if self.keys is None else self.keys.names())]

    def book(self, patron: Patron, book_id: str, as_of: str = "") -> Book:
        """A book as far as it is read by now, or up to a place.

        The same for all who ask at the same time, so that they share its memory. Raises
        BookNotFound for an id that is not on the patron's shelf, or a book of which nothing is
        read yet, DocumentError for a place that is not there or not read yet.
        """
        shelf = patron.reader.shelf
        record = shelf.get(book_id)
        job = self._desk.job_of(patron.reader, book_id)
        progress = None if job is None else job.progress
        state = record.updated if progress is None else f"{progress.tokens} tokens"
        key = (str(shelf.root), book_id, state)

        def opened() -> Book:
            return patron.reader.open(record) if progress is None else progress.so_far()

        with self._opening:
            book = self._known(key) or self._kept(key, opened())
            if not as_of:
                return book
            return self._known((*key, as_of)) or self._kept((*key, as_of), book.as_of(as_of))

    def forget(self, patron: Patron) -> None:
        """Let go what is held of a patron's books, as one of them has been deleted."""
        root = str(patron.reader.shelf.root)
        patron.histories = Histories(_HISTORY_BYTES)
        with self._opening:
            for key in [key for key in self._open if key[0] == root]:
                del self._open[key]

    def _known(self, key: tuple[str, ...]) -> Book | None:
        if key in self._open:
            self._open.move_to_end(key)
        return self._open.get(key)

    def _kept(self, key: tuple[str, ...], book: Book) -> Book:
        self._open[key] = book
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return book
