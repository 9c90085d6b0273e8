"""Reading one book onto the shelf: claimed, resumed, counted, kept.

Knows an engine, a shelf and one book's ids; knows nothing of files, formats or ratios' choice.
A reading that is stopped, closed or killed leaves its last checkpoint, from which the next one
goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from beacon_qa.beacon import Memory, Progress
from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import MemoryFileError
from beacon_qa.plaintext import EncodedText
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.storage import explained

_LOG = logging.getLogger(__name__)

_POLL = 0.2
"""Seconds between two looks at a book that another program is reading."""

_NOTED = 1.0
"""Seconds between two notes of the progress in the catalog."""


@dataclass(frozen=True)
class ReadingProgress:
    """Where a reading stands after a pass; `pages` are those read to their end.

    `seconds` count from the start of this reading; `seconds_left` is an estimate from its speed.
    """

    tokens: int
    total_tokens: int
    windows: int
    total_windows: int
    pages: int
    total_pages: int
    kept: int
    nbytes: int
    seconds: float
    tokens_per_second: float
    seconds_left: float
    _so_far: Callable[[], Book] = field(repr=False, compare=False)

    def so_far(self) -> Book:
        """The book as far as it is read now, to ask while the reading goes on."""
        return self._so_far()


@dataclass(frozen=True)
class Reading:
    """One book to be read: `start` makes the memory to begin with, `encoded` holds its tokens."""

    engine: Engine
    shelf: Shelf
    record: BookRecord
    document: Document
    encoded: EncodedText
    start: Callable[[], Memory]
    should_stop: Callable[[], bool] | None = None
    append: Callable[..., Book] | None = None
    save_every: float = 30.0

    def run(self) -> Generator[ReadingProgress, None, Book]:
        """Read to the end, or until stopped; returns the book as far as it was read.

        Waits while another program reads the same book, and takes what that one has kept.
        """
        waited = False
        while True:
            with self.shelf.reading(self.record.id) as held:
                if held:
                    ready = self._finished_meanwhile()
                    return ready or (yield from self._read())
            if not waited:
                waited = True
                _LOG.warning("%s is being read by another program; waiting.", self.record.title)
            if self._asked_to_stop():
                return self._book(self.start())
            time.sleep(_POLL)

    def _finished_meanwhile(self) -> Book | None:
        if self.shelf.get(self.record.id).state != "ready":
            return None
        try:
            return self._book(self.engine.open(self.shelf.memory_path(self.record.id)))
        except MemoryFileError:
            return None

    def _read(self) -> Generator[ReadingProgress, None, Book]:
        shelf, book_id = self.shelf, self.record.id
        shelf.update(book_id, state="reading", reason="")
        state, reason = "waiting", ""
        try:
            memory = yield from self._windows(shelf.partial_path(book_id))
            if memory.tokens == self.record.total_tokens:
                self._keep()
                state = "ready"
        except Exception as error:
            state, reason = "failed", str(error)
            raise
        finally:
            shelf.update(book_id, state=state, reason=reason)
        return replace(self, record=shelf.get(book_id))._book(memory)

    def _windows(self, partial: Path) -> Generator[ReadingProgress, None, Memory]:
        book = self._book(self.start())
        first = book.memory.tokens
        closing = Event()
        job = self.engine.read(
            book.ids[first:],
            book.memory,
            should_stop=lambda: closing.is_set() or self._asked_to_stop(),
            checkpoint=partial,
            save_every=self.save_every,
        )
        begun: tuple[float, int] | None = None
        noted = 0.0
        try:
            while True:
                progress = next(job)
                now = time.monotonic()
                if begun is None:
                    begun = now - progress.seconds, first + progress.resumed
                if now - noted > _NOTED:
                    noted = now
                    self._note(progress.memory)
                yield self._progress(progress, now - begun[0], begun[1])
        except StopIteration as end:
            memory: Memory = end.value
            self._note(memory)
            return memory
        finally:
            # Closed from outside: told to stop, the job saves what was read.
            closing.set()
            for _ in job:
                pass

    def _progress(self, progress: Progress, seconds: float, first: int) -> ReadingProgress:
        coverage = self._book(progress.memory).coverage
        speed = (progress.memory.tokens - first) / max(seconds, 1e-6)
        return ReadingProgress(
            tokens=coverage.tokens,
            total_tokens=coverage.total_tokens,
            windows=coverage.windows,
            total_windows=coverage.total_windows,
            pages=coverage.pages,
            total_pages=coverage.total_pages,
            kept=progress.kept,
            nbytes=progress.nbytes,
            seconds=seconds,
            tokens_per_second=speed,
            seconds_left=(coverage.total_tokens - coverage.tokens) / max(speed, 1e-6),
            _so_far=lambda: self._book(self.engine.fork(progress.memory)),
        )

    def _asked_to_stop(self) -> bool:
        return self.should_stop is not None and self.should_stop()

    def _note(self, memory: Memory) -> None:
        self.shelf.update(
            self.record.id, tokens=memory.tokens, windows=memory.windows, kept=memory.kept
        )

    def _keep(self) -> None:
        """The last checkpoint holds the whole memory: it takes its place on the shelf."""
        path = self.shelf.memory_path(self.record.id)
        with explained(path):
            self.shelf.partial_path(self.record.id).replace(path)
        self.shelf.update(
            self.record.id,
            nbytes=path.stat().st_size,
            windows=self.record.total_windows,
        )

    def _book(self, memory: Memory) -> Book:
        return Book(
            self.engine,
            self.record,
            self.document,
            memory,
            encoded=self.encoded,
            append=self.append,
        )
