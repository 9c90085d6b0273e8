"""The work done at the desk: parsing what was handed in, and reading it.

Knows how one entry of the roll becomes a book; knows nothing of threads or queues.
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

from beacon_qa.book import Book
from beacon_qa.desk.roll import Entry, Roll
from beacon_qa.desk.spool import Spool
from beacon_qa.documents import Document
from beacon_qa.errors import BookNotFound, DocumentError, ShelfError
from beacon_qa.ratios import parsed
from beacon_qa.shelf.storage import explained, file_hash
from beacon_qa.sources import document_in_bytes

_LOG = logging.getLogger(__name__)

STOPPED = "stopped"
"""The `reason` of a waiting book that a person stopped: it is not taken up again by itself."""

_UNEXPECTED = "Something went wrong here, and the program's log says what; try again."


def parse(entry: Entry, roll: Roll, spool: Spool, *, originals: bool) -> None:
    """Parse what was handed in, put it on the shelf, and queue it to be read if it has to be.

    With `originals` a PDF stays on the shelf too.
    """
    roll.set(entry, state="parsing")
    reader, source = entry.reader, entry.source
    document = _document(entry)
    path = source if isinstance(source, Path) else None
    handed_in = path is not None and spool.holds(path)
    record = reader.shelve(
        document, source="" if path is None or handed_in else str(path.resolve())
    )
    if originals and path is not None and document.format == "pdf":
        _keep_original(entry, path, document)
    if path is not None:
        spool.drop(path)
    entry.source = None
    entry.reader = dataclasses.replace(reader, ratio=parsed(record.ratio))
    known = record.state == "ready"
    state = "ready" if known else "waiting"
    roll.set(entry, state=state, known=known, name=record.title, book_id=record.id)
    if not known:
        roll.put(entry, "read")
        if entry.job.state == "cancelled":
            note_stopped(entry)


def read(entry: Entry, roll: Roll) -> None:
    """Read a book to its end, or until it is stopped or the desk closes."""
    roll.set(entry, state="reading", reason="")
    shelf, book_id = entry.reader.shelf, entry.job.book_id
    record = shelf.get(book_id)
    job = entry.reader.reading(
        shelf.document(book_id),
        source=record.source,
        should_stop=lambda: entry.stop.is_set() or roll.closed,
    )
    while True:
        try:
            roll.set(entry, progress=next(job))
        except StopIteration as end:
            book: Book = end.value
            break
    if book.coverage.complete:
        roll.set(entry, state="ready", progress=None)
    elif entry.stop.is_set():
        note_stopped(entry)
        roll.set(entry, state="cancelled", progress=None)
    else:
        roll.set(entry, state="waiting", progress=None)


def note_stopped(entry: Entry) -> None:
    """Write on the shelf that a person stopped this book."""
    if entry.job.book_id:
        _note(entry, STOPPED, "waiting")


def fail(entry: Entry, roll: Roll) -> None:
    """End a job after an error that nobody foresaw, without telling its details."""
    if entry.job.book_id:
        _note(entry, _UNEXPECTED, "failed")
    roll.set(entry, state="failed", reason=_UNEXPECTED, progress=None)


def _note(entry: Entry, reason: str, state: str) -> None:
    try:
        entry.reader.shelf.update(entry.job.book_id, state=state, reason=reason)
    except (BookNotFound, ShelfError) as error:
        _LOG.warning("%s: its state could not be written: %s", entry.job.name, error)


def _document(entry: Entry) -> Document:
    """The document in what was handed in, parsed in a process of its own if it is new."""
    source, shelf = entry.source, entry.reader.shelf
    if source is None:
        raise DocumentError(f"“{entry.job.name}” is not here any more; hand it in again.")
    if isinstance(source, Document):
        return source
    kept = shelf.kept_document(file_hash(source))
    if kept is not None:
        return kept
    with explained(source):
        data = source.read_bytes()
    return document_in_bytes(shelf, data, entry.job.name, entry.password)


def _keep_original(entry: Entry, path: Path, document: Document) -> None:
    try:
        entry.reader.shelf.keep_original(document.content_hash, path)
    except ShelfError as error:
        _LOG.warning("the pages of %s will be shown as text: %s", entry.job.name, error)
