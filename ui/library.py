"""Which reader and which books a browser may use.

Knows users and their shelves. Without accounts there is one shelf. With accounts each user has a
shelf of their own beside it, and every id is looked up in that shelf alone: another user's id is
an id that does not exist.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import gradio as gr

from beacon_qa.accounts import Accounts
from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.engine import Engine
from beacon_qa.errors import AccountError
from beacon_qa.prompts import QUESTION_CHARACTERS
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf

_OPEN = 4
"""Books whose memories are held open, for all browsers together."""

_COUNTED = 3.0
"""Seconds for which the size of a shelf is taken to hold."""


@dataclass(frozen=True)
class Limits:
    """What the page accepts: bytes of a file, characters of a question, waiting jobs."""

    upload_bytes: int = 100 * 2**20
    question_characters: int = QUESTION_CHARACTERS
    queue: int = 64


class Library:
    """The shelves behind the page, the model that reads them, and the desk where it does."""

    def __init__(
        self,
        reader: Reader,
        desk: Desk,
        accounts: Accounts | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.desk = desk
        self.accounts = accounts
        self.limits = limits or Limits()
        self._reader = reader
        self._readers: dict[str, Reader] = {}
        self._open: OrderedDict[tuple[str, str, str], Book] = OrderedDict()
        self._used: dict[str, tuple[float, int]] = {}
        self._guard = Lock()

    def reader(self, request: gr.Request | None) -> Reader:
        """The reader of the user who asks; raises AccountError when nobody is logged in."""
        if self.accounts is None:
            return self._reader
        name = None if request is None else request.username
        if not name or not self.accounts.knows(name):
            raise AccountError("Nobody is logged in here; open the page again and log in.")
        return self.reader_of(name)

    def reader_of(self, user: str) -> Reader:
        """The reader of a user by name: the same model with the user's own shelf."""
        with self._guard:
            if user not in self._readers:
                shelf = self._reader.shelf
                folder = shelf.root / "users" / hashlib.sha256(user.encode()).hexdigest()[:32]
                own = Shelf(folder, quota=shelf.quota)
                self._readers[user] = dataclasses.replace(self._reader, shelf=own)
            return self._readers[user]

    @property
    def engine(self) -> Engine:
        """The model that reads and answers for all users."""
        return self._reader.engine

    @property
    def root(self) -> Path:
        """The folder of all shelves, of which nothing may be served as it is."""
        return self._reader.shelf.root

    def resume(self) -> None:
        """Read on, for all users, in what was unfinished when the program ended."""
        users = self.accounts.names() if self.accounts is not None else []
        own = [self.reader_of(user) for user in users]
        for reader in own if self.accounts is not None else [self._reader]:
            self.desk.resume_all(reader)

    def forget(self, reader: Reader, book_id: str) -> None:
        """Let the memory of a book go that has been deleted."""
        with self._guard:
            for key in [key for key in self._open if key[:2] == (str(reader.shelf.root), book_id)]:
                del self._open[key]

    def used(self, reader: Reader) -> int:
        """Bytes of a reader's shelf, counted anew every few seconds."""
        root, now = str(reader.shelf.root), time.monotonic()
        with self._guard:
            then, nbytes = self._used.get(root, (-_COUNTED, 0))
        if now - then >= _COUNTED:
            nbytes = reader.shelf.size()
            with self._guard:
                self._used[root] = (now, nbytes)
        return nbytes

    def book(self, request: gr.Request | None, book_id: str) -> Book:
        """A book of the user's shelf, as far as it is read by now, also while it is being read.

        Raises BookNotFound for an id that is not there, or a book of which nothing is read yet.
        """
        reader = self.reader(request)
        record = reader.shelf.get(book_id)
        job = self.desk.job_of(reader, book_id)
        if job is not None and job.progress is not None:
            return job.progress.so_far()
        key = (str(reader.shelf.root), record.id, record.updated)
        with self._guard:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        book = reader.open(record)
        with self._guard:
            self._open[key] = book
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return book
