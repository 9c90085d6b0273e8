"""A library of books read by many workers: Ray Data's actors, each with a model of its own.

Every text is a row that goes to one worker. A worker that dies is started again, and its row goes
to a worker anew: the book's lock, its last checkpoint and its state on the shelf make that a
reading that goes on, or one that is done already, never a second one. Knows Ray Data and readers.
"""

from __future__ import annotations

import json
import logging
import queue
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from threading import Thread
from typing import Any

from beacon_qa.book import Book
from beacon_qa.cluster.connecting import Crew, quieten
from beacon_qa.cluster.job import Job
from beacon_qa.cluster.lease import Lease
from beacon_qa.errors import BeaconError, ClusterError
from beacon_qa.reader import Reader
from beacon_qa.wanted import Kind, Outcome, Wanted

_LOG = logging.getLogger(__name__)

_LOOK = 0.5
"""Seconds between two looks at what goes on."""

_PAUSE = 1.0
"""Seconds before a reading is taken up again after an error that nobody foresaw."""


class BookReader:
    """A worker: reads the texts that it is given, one after another, onto the shared shelf."""

    def __init__(self, job: Job, retries: int) -> None:
        self._job = job
        self._retries = retries
        self._begun: tuple[Reader, Lease] | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Read the text of a row; whatever happens is told in the row that is given back."""
        wanted = Wanted(**json.loads(row["wanted"]))
        try:
            self._begun = self._begun or self._job.begin()
        except BeaconError as error:
            # The other workers meet the same: the whole job ends with this sentence.
            return {"outcome": "", "refusal": str(error)}
        outcome = self._read(wanted, *self._begun)
        self._begun[1].ended(wanted.name)
        return {"outcome": json.dumps(asdict(outcome)), "refusal": ""}

    def _read(self, wanted: Wanted, reader: Reader, lease: Lease) -> Outcome:
        what = "its worker ended; see whether the machine has memory enough"
        while lease.begun(wanted.name) <= 1 + self._retries:
            try:
                return read_text(reader, wanted, lease.over, self._job.password)
            except BeaconError as error:
                return wanted.failed(error)
            except Exception as error:
                _LOG.exception("%s failed here", wanted.name)
                what = f"{type(error).__name__} on {socket.gethostname()}: {error}".splitlines()[0]
                time.sleep(_PAUSE)
        reason = f"{wanted.name} was not read, though tried {1 + self._retries} times: {what}."
        return Outcome(wanted.name, "failed", reason=reason)


def read_text(
    reader: Reader, wanted: Wanted, over: Callable[[], bool], password: str | None = None
) -> Outcome:
    """Read one text, or go on with it; ends after the window at hand once it is `over`.

    Raises BeaconError for a text that cannot be read.
    """
    if over():
        return Outcome(wanted.name, "stopped")
    begun = time.monotonic()
    document = wanted.document(reader.shelf, password)
    job = reader.reading(document, source=wanted.source, should_stop=over)
    windows = 0
    while True:
        try:
            next(job)
            windows += 1
        except StopIteration as end:
            book: Book = end.value
            break
    kind: Kind = "read" if windows else "known"
    if not book.coverage.complete:
        kind = "stopped"
    return Outcome(wanted.name, kind, book.id, time.monotonic() - begun)


def read_library(
    job: Job,
    wanted: Sequence[Wanted],
    crew: Crew,
    *,
    retries: int = 2,
    on_look: Callable[[], None] | None = None,
) -> Iterator[Outcome]:
    """Read texts with a crew of workers; gives what became of each as it is known.

    A text whose worker failed or died is given to one again, `retries` times at most. `on_look` is
    called twice a second; the job's lease stops the workers. Raises ClusterError for what keeps all
    of them from working.
    """
    if not wanted:
        return
    for row in _looked_at(_rows(job, wanted, crew, retries), on_look or (lambda: None)):
        if row["refusal"]:
            raise ClusterError(row["refusal"])
        yield Outcome(**json.loads(row["outcome"]))


def _rows(job: Job, wanted: Sequence[Wanted], crew: Crew, retries: int) -> Iterator[dict[str, Any]]:
    import ray.data

    quieten()
    texts = ray.data.from_items(
        [{"wanted": json.dumps(asdict(one))} for one in wanted],
        override_num_blocks=len(wanted),
    )
    outcomes = texts.map(
        BookReader,
        fn_constructor_args=(job, retries),
        # A text waits for whichever worker is free, not behind another in one's line.
        compute=ray.data.ActorPoolStrategy(size=crew.workers, max_tasks_in_flight_per_actor=1),
        **crew.each,
    )
    outcomes.context.enable_progress_bars = False
    yield from outcomes.iter_rows()


def _looked_at(
    rows: Iterator[dict[str, Any]], on_look: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """The rows, waited for in a thread, while `on_look` is called in this one."""
    found: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue()

    def wait() -> None:
        try:
            for row in rows:
                found.put(row)
            found.put(None)
        except BaseException as error:
            found.put(error)

    Thread(target=wait, name="library", daemon=True).start()
    while True:
        on_look()
        try:
            row = found.get(timeout=_LOOK)
        except queue.Empty:
            continue
        if row is None:
            return
        if isinstance(row, BaseException):
            raise ClusterError(
                f"The cluster gave up reading ({type(row).__name__}); what was read is kept, and "
                "the same command goes on from there."
            ) from row
        yield row
