"""The roll of the desk: every job with what is needed to do it, and who waits for a change.

Knows jobs, their order and whose they are; knows nothing of files, parsing or models. All methods
may be called from any thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Event, RLock
from typing import Any, Literal

from beacon_qa.desk.job import Job
from beacon_qa.documents import Document
from beacon_qa.errors import BookNotFound, QueueFull
from beacon_qa.reader import Reader

Work = Literal["parse", "read"]


@dataclass(eq=False)
class Entry:
    """A job and what it is done with; `source` is None once the text is on the shelf.

    `key` says whose shelf, which content and which ratio. `work` is what comes next.
    """

    reader: Reader
    source: Path | Document | None
    key: tuple[str, str, str]
    job: Job
    work: Work
    password: str | None = None
    stop: Event = field(default_factory=Event)


class Roll:
    """Jobs in the order they came, `limit` unfinished ones a shelf, `kept` finished ones in all.

    `on_drop` is called with what is forgotten.
    """

    def __init__(self, limit: int, kept: int, on_drop: Callable[[Entry], None]) -> None:
        self.closed = False
        self._limit = limit
        self._kept = kept
        self._on_drop = on_drop
        self._entries: dict[str, Entry] = {}
        self._queue: dict[Work, list[Entry]] = {"parse": [], "read": []}
        self._version = 0
        self._changed = Condition(RLock())

    def add(
        self,
        reader: Reader,
        source: Path | Document | None,
        key: tuple[str, str, str],
        job: Callable[[str], Job],
        password: str | None = None,
    ) -> tuple[Entry, bool]:
        """(entry, whether it is new): one for the key that is on its way, or else a new one.

        Raises QueueFull when too many books of the shelf wait.
        """
        with self._changed:
            for entry in self._entries.values():
                if entry.key == key and entry.job.active and not entry.stop.is_set():
                    return entry, False
            self._check_room(reader)
            work: Work = "read" if source is None else "parse"
            entry = Entry(reader, source, key, job(secrets.token_hex(8)), work, password)
            self._prune(key)
            self._entries[entry.job.id] = entry
            self._put(entry)
            return entry, True

    def again(self, entry: Entry, password: str | None) -> None:
        """Put a job that has ended back into the queue; raises QueueFull."""
        with self._changed:
            if entry.job.active:
                return
            self._check_room(entry.reader)
            entry.stop.clear()
            entry.password = password or entry.password
            self.set(entry, state="waiting", reason="", password=False)
            self._put(entry)

    def take(self, work: Work) -> Entry | None:
        """Wait for the next entry that needs this work; None when the desk closes."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._queue[work])
            return None if self.closed else self._queue[work].pop(0)

    def put(self, entry: Entry, work: Work) -> None:
        """Queue an entry for its next work, unless it was stopped meanwhile."""
        with self._changed:
            entry.work = work
            if entry.stop.is_set():
                self.set(entry, state="cancelled")
            else:
                self._put(entry)

    def stop(self, entry: Entry) -> None:
        """Ask an entry to stop; one that waits has stopped at once."""
        with self._changed:
            if not entry.job.active:
                return
            entry.stop.set()
            if entry in self._queue[entry.work]:
                self._queue[entry.work].remove(entry)
                self.set(entry, state="cancelled")

    def entry(self, reader: Reader, job_id: str) -> Entry:
        """The entry of a job of this reader's shelf; raises BookNotFound."""
        with self._changed:
            entry = self._entries.get(job_id)
            if entry is None or not _of(entry, reader):
                raise BookNotFound(f"No job {job_id} is at the desk; it may have been forgotten.")
            return entry

    def entries(self, reader: Reader, book_id: str = "") -> list[Entry]:
        """The entries of a reader's shelf, of one book where it is named."""
        with self._changed:
            own = [entry for entry in self._entries.values() if _of(entry, reader)]
            return [e for e in own if e.job.book_id == book_id] if book_id else own

    def view(self, entry: Entry) -> Job:
        """The job as it stands now, with the number of books before it."""
        with self._changed:
            ahead = 0
            if entry.job.state == "waiting":
                order = [*self._queue["read"], *self._queue["parse"]]
                ahead = order.index(entry) if entry in order else 0
                ahead += any(e.job.state == "reading" for e in self._entries.values())
            return replace(entry.job, ahead=ahead)

    def set(self, entry: Entry, **changes: Any) -> None:
        """Change a job, and tell all who wait."""
        with self._changed:
            entry.job = replace(entry.job, **changes)
            self.touch()

    def drop(self, entry: Entry) -> None:
        """Forget an entry."""
        with self._changed:
            if self._entries.pop(entry.job.id, None) is not None:
                self._on_drop(entry)
                self.touch()

    def close(self) -> None:
        """Let all who wait for work go."""
        with self._changed:
            self.closed = True
            self.touch()

    def touch(self) -> None:
        """Tell all who wait that something has changed."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._version

    def wait(self, version: int, timeout: float) -> int:
        """Wait for a change since `version`, `timeout` seconds at most; returns the version."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout)
            return self._version

    def wait_until_ended(self, entry: Entry, timeout: float) -> bool:
        """Wait until a job has ended; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not entry.job.active, timeout)

    def _put(self, entry: Entry) -> None:
        self._queue[entry.work].append(entry)
        self.touch()

    def _check_room(self, reader: Reader) -> None:
        waiting = sum(entry.job.active for entry in self.entries(reader))
        if waiting >= self._limit:
            raise QueueFull(
                f"The queue is full: {waiting} of {self._limit} books are being read or wait for "
                "it; hand this one in when one of them is done, or cancel one."
            )

    def _prune(self, key: tuple[str, str, str]) -> None:
        """Forget what a new job takes the place of, and what ended long ago."""
        ended = [entry for entry in self._entries.values() if not entry.job.active]
        for entry in [e for e in ended if e.key == key] or ended[: -self._kept]:
            self.drop(entry)


def _of(entry: Entry, reader: Reader) -> bool:
    return entry.reader.shelf.root == reader.shelf.root
