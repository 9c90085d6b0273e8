"""The way of an upload to a book: handed in at the desk, followed, deleted.

Tells it as OpenAI's file object, with `beacon` beside it: how far the reading has come. Knows
uploads, one patron's reader and the desk; knows nothing of HTTP.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from beacon_qa.desk import Desk
from beacon_qa.desk.job import Job
from beacon_qa.errors import BookNotFound, QueueFull, ShelfError
from beacon_qa.reader import Reader
from beacon_qa.server.uploads import Upload, Uploads
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.storage import copy_atomically, explained

_LOG = logging.getLogger(__name__)

_PATIENCE = 60.0
"""Seconds to wait for a file that is being parsed before it can be deleted."""

_LOST = "The server ended before this file was parsed; upload it again."
_STOPPED = "The reading was stopped; upload the file again to go on with it."


class Files:
    """The files of one patron."""

    def __init__(self, reader: Reader, desk: Desk, uploads: Uploads) -> None:
        self.uploads = uploads
        self._reader = reader
        self._desk = desk
        self._jobs: dict[str, str] = {}
        self._guard = Lock()

    def submit(
        self, stream: BinaryIO, filename: str, purpose: str, password: str | None = None
    ) -> Upload:
        """Keep a file and hand it in to be read; raises QueueFull or ShelfError."""
        upload = self.uploads.keep(stream, filename, purpose)
        try:
            self._hand_in(upload, password)
        except BaseException:
            record = self.record(upload)
            if record is None and self._job(upload, record) is None:
                self.uploads.forget(upload)
            raise
        return upload

    def resume(self) -> None:
        """Hand in again what was not parsed, and read on in what was not read, at a start."""
        self._desk.resume_all(self._reader)
        for upload in reversed(self.uploads.all()):
            if self.uploads.file(upload) is None:
                continue
            if self.record(upload) is not None:
                self.uploads.settle(upload)
                continue
            try:
                self._hand_in(upload, None)
            except QueueFull as error:
                _LOG.warning("%s waits for the next start: %s", upload.filename, error)

    def books(self) -> list[BookRecord]:
        """The books of the patron's shelf."""
        return self._reader.shelf.books()

    def told(self, upload: Upload, books: list[BookRecord] | None = None) -> dict[str, Any]:
        """The file object: OpenAI's fields, and `beacon`; `books` where they are known."""
        record = self.record(upload, books)
        job = self._job(upload, record)
        status, reason = _status(upload, job, record, self.uploads.file(upload) is not None)
        settled = record is not None or (job is not None and job.state == "failed")
        if settled and self.uploads.file(upload) is not None:
            upload = self.uploads.settle(upload, reason)
        return {
            "id": upload.id,
            "object": "file",
            "bytes": upload.nbytes,
            "created_at": upload.created,
            "filename": upload.filename,
            "purpose": upload.purpose,
            "status": status,
            "status_details": reason or None,
            "beacon": {**_reading(record, job), "reason": reason},
        }

    def record(self, upload: Upload, books: list[BookRecord] | None = None) -> BookRecord | None:
        """The book that an upload became, the one that is read to its end if there are several."""
        model = self._reader.engine.key
        same = [
            record
            for record in (self.books() if books is None else books)
            if (record.content_hash, record.model_key) == (upload.content_hash, model)
        ]
        ready = [record for record in same if record.state == "ready"]
        return next(iter([*ready, *same]), None)

    def delete(self, upload: Upload) -> None:
        """Stop its reading, and delete the file with the book that it became.

        Raises ShelfError when the reading does not stop.
        """
        job = self._job(upload, self.record(upload))
        if job is not None and job.active:
            self._desk.cancel(self._reader, job.id)
            self._wait_until_ended(job)
        record = self.record(upload)
        if record is not None:
            self._desk.remove(self._reader, record.id)
        elif job is not None:
            self._desk.dismiss(self._reader, job.id)
        self.uploads.forget(upload)

    def _hand_in(self, upload: Upload, password: str | None) -> None:
        """Submit a copy, which the desk deletes when it is parsed."""
        path = self.uploads.file(upload)
        if path is None:
            return
        copy = path.with_name(f"handed-in-{secrets.token_hex(8)}")
        _copied(path, copy)
        try:
            job = self._desk.submit(
                self._reader, copy, name=upload.filename, password=password, owned=True
            )
        finally:
            copy.unlink(missing_ok=True)
        with self._guard:
            self._jobs[upload.id] = job.id

    def _job(self, upload: Upload, record: BookRecord | None) -> Job | None:
        with self._guard:
            job_id = self._jobs.get(upload.id, "")
        try:
            return self._desk.job(self._reader, job_id)
        except BookNotFound:
            return None if record is None else self._desk.job_of(self._reader, record.id)

    def _wait_until_ended(self, job: Job) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            version = self._desk.version
            if not self._desk.job(self._reader, job.id).active:
                return
            self._desk.wait(version, 1.0)
        raise ShelfError(f"{job.name} is still being parsed; delete it again in a moment.")


def _copied(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except OSError:  # a file system without links
        with explained(copy):
            copy_atomically(path, copy)


def _status(
    upload: Upload, job: Job | None, record: BookRecord | None, waits: bool
) -> tuple[str, str]:
    """OpenAI's status of a file, and the reason where it is "error"."""
    if record is not None and record.state == "ready":
        return "processed", ""
    if job is not None and job.active:
        parsed = job.state != "waiting" or job.book_id
        return ("processing" if parsed else "uploaded"), ""
    if job is not None and job.state in ("failed", "cancelled"):
        return "error", job.reason or _STOPPED
    if record is not None:
        # Without a job it is being read by another server of the same shelf, if at all.
        told = {"failed": "error", "reading": "processing"}.get(record.state, "uploaded")
        return told, record.reason if told == "error" else ""
    if upload.reason or not waits:
        return "error", upload.reason or _LOST
    return "uploaded", ""


def _reading(record: BookRecord | None, job: Job | None) -> dict[str, Any]:
    """How far a reading has come; `model` is what to ask the book by."""
    progress, seen = None if job is None else job.progress, job or record
    told: dict[str, Any] = {
        "book": "" if record is None else record.id,
        "model": "" if record is None else f"beacon:{record.id}",
        "title": "" if record is None else record.title,
        "state": "" if seen is None else seen.state,
        "ahead": 0 if job is None else job.ahead,
        "seconds_left": None if progress is None else round(progress.seconds_left, 1),
    }
    if record is None:
        return told
    ready = record.state == "ready"
    now = record if progress is None else progress
    pages = record.pages if ready else 0 if progress is None else progress.pages
    share = now.tokens / record.total_tokens if record.total_tokens else 0.0
    return {
        **told,
        "pages": pages,
        "total_pages": record.pages,
        "windows": now.windows,
        "total_windows": record.total_windows,
        "tokens": now.tokens,
        "total_tokens": record.total_tokens,
        "coverage": 1.0 if ready else round(share, 4),
        "ratio": record.ratio,
    }
