"""The desk: files are parsed and books read there in the background, one at a time.

Knows readers, their shelves and the order of work: one thread parses what is handed in, so that a
book is on its shelf before it is its turn, and another reads. The page and the server look at
jobs as values and wait for changes. Knows nothing of pages, browsers or requests.
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from threading import Lock, Thread

from beacon_qa.desk.job import Job
from beacon_qa.desk.roll import Roll, Work
from beacon_qa.desk.spool import Spool
from beacon_qa.desk.work import STOPPED, fail, note_stopped, parse, read
from beacon_qa.documents import Document
from beacon_qa.errors import BeaconError, PasswordNeeded, QueueFull
from beacon_qa.ratios import Ratio, parsed, written
from beacon_qa.reader import Reader
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.storage import expanded, file_hash

_LOG = logging.getLogger(__name__)

_PATIENCE = 60.0
"""Seconds to wait for work to stop before going on without it."""


class Desk:
    """Books waiting to be read, and the one that is being read.

    A shelf may have `limit` unfinished books here; the last `kept` finished jobs of all shelves
    are remembered. With `originals` a PDF is kept beside its text, for its pages to be shown.
    Threads start with the first job; `close` ends them and keeps what was read.
    """

    def __init__(self, *, limit: int = 20, kept: int = 100, originals: bool = False) -> None:
        self._originals = originals
        self._roll = Roll(limit, kept, lambda entry: self._discard(entry.source))
        self._spool = Spool()
        self._threads: list[Thread] = []
        self._guard = Lock()

    def submit(
        self,
        reader: Reader,
        source: str | Path | Document,
        *,
        name: str = "",
        password: str | None = None,
        ratio: Ratio | None = None,
        owned: bool = False,
    ) -> Job:
        """Hand in a file or a document, to be read at `ratio` (None: the reader's).

        `name` is what to call the file. An `owned` file is moved away at once and deleted when it
        has been parsed. What is on its way already at this ratio is not taken again: that job is
        returned. Raises QueueFull when too many books wait, ShelfError when there is no such file.
        """
        file = source if isinstance(source, Document) else expanded(source)
        digest = file.content_hash if isinstance(file, Document) else file_hash(file)
        called = name or (file.title if isinstance(file, Document) else file.name)
        if owned and isinstance(file, Path):
            file = self._spool.take(file)
        wanted = reader if ratio is None else dataclasses.replace(reader, ratio=ratio)
        key = (str(reader.shelf.root), digest, written(wanted.ratio))
        new = False
        try:
            entry, new = self._roll.add(wanted, file, key, lambda i: Job(i, called), password)
        finally:
            if not new:
                self._discard(file)
        self._start()
        return self._roll.view(entry)

    def resume(self, reader: Reader, book_id: str) -> Job:
        """Read on in an unfinished book of the shelf; raises BookNotFound, QueueFull."""
        record = reader.shelf.get(book_id)
        wanted = dataclasses.replace(reader, ratio=parsed(record.ratio))
        key = (str(reader.shelf.root), record.content_hash, record.ratio)
        entry, _ = self._roll.add(
            wanted, None, key, lambda i: Job(i, record.title, book_id=record.id)
        )
        self._start()
        return self._roll.view(entry)

    def resume_all(self, reader: Reader) -> list[Job]:
        """Read on in what was unfinished when the program ended, except what a person stopped."""
        way = (reader.engine.key, reader.engine.prompts.layout.key)
        jobs: list[Job] = []
        for record in sorted(reader.shelf.books(), key=lambda record: record.created):
            same_way = (record.model_key, record.template) == way
            if same_way and record.state == "waiting" and record.reason != STOPPED:
                try:
                    jobs.append(self.resume(reader, record.id))
                except QueueFull:
                    break
        return jobs

    def jobs(self, reader: Reader) -> tuple[Job, ...]:
        """The jobs of a reader's shelf, in the order they came."""
        return tuple(self._roll.view(entry) for entry in self._roll.entries(reader))

    def job(self, reader: Reader, job_id: str) -> Job:
        """A job of a reader's shelf; raises BookNotFound."""
        return self._roll.view(self._roll.entry(reader, job_id))

    def job_of(self, reader: Reader, book_id: str) -> Job | None:
        """The latest job of a book of a reader's shelf, or None."""
        entries = self._roll.entries(reader, book_id) if book_id else []
        return self._roll.view(entries[-1]) if entries else None

    @property
    def version(self) -> int:
        """A number that grows with every change of any job."""
        return self._roll.version

    def wait(self, version: int, timeout: float) -> int:
        """Wait for a change since `version`, `timeout` seconds at most; returns the version."""
        return self._roll.wait(version, timeout)

    def cancel(self, reader: Reader, job_id: str) -> Job:
        """Stop a job, within one pass if it is being read; what was read is kept."""
        entry = self._roll.entry(reader, job_id)
        self._roll.stop(entry)
        if entry.job.state == "cancelled":
            note_stopped(entry)
        return self._roll.view(entry)

    def retry(self, reader: Reader, job_id: str, *, password: str | None = None) -> Job:
        """Take up a job that failed or was cancelled; raises BookNotFound, QueueFull."""
        entry = self._roll.entry(reader, job_id)
        self._roll.again(entry, password)
        self._start()
        return self._roll.view(entry)

    def dismiss(self, reader: Reader, job_id: str) -> None:
        """Forget a job that has ended, and the file that was handed in with it."""
        entry = self._roll.entry(reader, job_id)
        if not entry.job.active:
            self._roll.drop(entry)

    def remove(self, reader: Reader, book_id: str) -> BookRecord:
        """Delete a book from the shelf; its reading, if there is one, is stopped first.

        Raises BookNotFound, and ShelfError when the reading does not stop.
        """
        entries = self._roll.entries(reader, book_id) if book_id else []
        for entry in entries:
            self._roll.stop(entry)
            self._roll.wait_until_ended(entry, _PATIENCE)
        record = reader.shelf.remove(book_id)
        for entry in entries:
            self._roll.drop(entry)
        self._roll.touch()
        return record

    def close(self) -> None:
        """Stop within one pass, keep what was read, end the threads; no more can be done."""
        self._roll.close()
        with self._guard:
            for thread in self._threads:
                thread.join(_PATIENCE)
        self._spool.close()

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self) -> None:
        with self._guard:
            if self._threads or self._roll.closed:
                return
            for work in ("parse", "read"):
                # A daemon, so that a program which forgets to close the desk still ends.
                thread = Thread(target=self._serve, args=(work,), name=f"desk-{work}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, work: Work) -> None:
        while (entry := self._roll.take(work)) is not None:
            try:
                if work == "parse":
                    parse(entry, self._roll, self._spool, originals=self._originals)
                else:
                    read(entry, self._roll)
            except BeaconError as error:
                password = isinstance(error, PasswordNeeded)
                self._roll.set(
                    entry, state="failed", reason=str(error), password=password, progress=None
                )
            except Exception:
                _LOG.exception("%s failed at the desk", entry.job.name)
                fail(entry, self._roll)

    def _discard(self, source: Path | Document | None) -> None:
        if isinstance(source, Path):
            self._spool.drop(source)
