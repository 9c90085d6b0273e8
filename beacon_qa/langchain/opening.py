"""The model and the book behind a LangChain object: loaded and read once, when first needed.

Knows engines, readers and shelves; knows nothing of LangChain.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

from beacon_qa.book import Book
from beacon_qa.chat.histories import Histories
from beacon_qa.engine import Engine
from beacon_qa.errors import (
    AnswerTimeout,
    BookNotFound,
    MemoryFileError,
    ModelError,
    ShelfError,
)
from beacon_qa.ratios import Ratio
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import expanded

_LOG = logging.getLogger(__name__)

BUILTIN = "built-in"
"""The name of the model that comes with the program."""

_LOADING = RLock()

_PATIENCE = 0.05
"""Seconds between two looks at the time while another call reads the book."""


@lru_cache(maxsize=2)
def _loaded(model: str, bits: int | None, device: str | None) -> Engine:
    return Engine.load(None if model == BUILTIN else model, bits=bits, device=device)


def shared_engine(model: str, bits: int | None, device: str | None) -> Engine:
    """The model, loaded at the first use; the two used last stay loaded for all that ask.

    Chains copy and rebuild their models freely, which must not load one twice.
    """
    with _LOADING:
        return _loaded(model, bits, device)


@dataclass(frozen=True)
class Wanted:
    """What is to be opened: a model, and a book in a file, on a shelf, or at hand; or none."""

    model: str
    bits: int | None
    device: str | None
    ratio: Ratio
    book: str | Book | None
    shelf: str | None
    retries: int


@dataclass
class Opened:
    """A model, a book, and what was said about it, for one LangChain object.

    A copy of it is empty: nothing that is open can be copied or sent elsewhere. A shallow copy of
    the object shares it, and may want another book, which is opened in place of the first.
    """

    book: Book | None = None
    histories: Histories = field(default_factory=Histories)
    _wanted: Wanted | None = None
    _lock: Any = field(default_factory=RLock)

    def __deepcopy__(self, memo: Any) -> Opened:
        return Opened()

    def __reduce__(self) -> tuple[type[Opened], tuple[()]]:
        return Opened, ()

    def engine(self, wanted: Wanted) -> Engine:
        """The model alone."""
        if isinstance(wanted.book, Book):
            return wanted.book.engine
        return shared_engine(wanted.model, wanted.bits, wanted.device)

    def known(self, wanted: Wanted) -> Book | None:
        """The book that is wanted, if it is at hand or open."""
        if isinstance(wanted.book, Book):
            return wanted.book
        return self.book if wanted == self._wanted else None

    def open(
        self,
        wanted: Wanted,
        should_stop: Callable[[], bool] | None = None,
        on_progress: Callable[[ReadingProgress], None] | None = None,
    ) -> tuple[Engine, Book | None]:
        """The model and the whole book, read if it was not; a second caller waits for the first.

        The book is as far as it was read when `should_stop` ended it. Failures of the shelf or of
        the disk are tried again, and reading goes on where it stood. Raises AnswerTimeout when
        `should_stop` ends the waiting for another caller.
        """
        with self._turn(wanted, should_stop):
            known = self.known(wanted)
            if known is not None:
                return known.engine, known
            engine = self.engine(wanted)
            if wanted.book is None:
                return engine, None
            for left in range(wanted.retries, -1, -1):
                try:
                    book = _read(engine, wanted, should_stop, on_progress)
                    break
                except (ShelfError, MemoryFileError, OSError) as error:
                    if isinstance(error, BookNotFound) or not left:
                        raise
                    _LOG.warning("Reading %s failed and is tried again: %s", wanted.book, error)
            if book.coverage.complete:
                self.book, self._wanted = book, wanted
            return engine, book

    @contextmanager
    def _turn(self, wanted: Wanted, should_stop: Callable[[], bool] | None) -> Iterator[None]:
        while not self._lock.acquire(timeout=_PATIENCE):
            if should_stop is not None and should_stop():
                raise AnswerTimeout(
                    f"The time of this call was over while another one reads {wanted.book}; ask "
                    "again, or give more time."
                )
        try:
            yield
        finally:
            self._lock.release()


def _read(
    engine: Engine,
    wanted: Wanted,
    should_stop: Callable[[], bool] | None,
    on_progress: Callable[[ReadingProgress], None] | None,
) -> Book:
    shelf = Shelf(Path(wanted.shelf) if wanted.shelf else None)
    reader = Reader(engine, shelf, wanted.ratio)
    name = str(wanted.book)
    if not os.path.isfile(expanded(name)):
        found = shelf.find(name, model_key=engine.key)
        if found.state == "ready" and found.model_key == engine.key:
            return reader.open(found)
        return reader.read(
            shelf.document(found.id), should_stop=should_stop, on_progress=on_progress
        )
    return reader.read(name, should_stop=should_stop, on_progress=on_progress)


def check_model(wanted: Wanted, model: str) -> None:
    """Raise ModelError if a book at hand was read by another model than the one asked for."""
    if isinstance(wanted.book, Book) and model != wanted.model:
        raise ModelError(
            f"{wanted.book.title} was read by {wanted.book.engine.name} and cannot be answered "
            f"from by {model}; give the file or its name on the shelf, to be read by both."
        )
