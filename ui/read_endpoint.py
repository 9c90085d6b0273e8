"""The published endpoint `read`, for programs that use gradio's client.

Knows the desk and how to report a job as plain values. A caller who leaves stops the reading that
it began; what was read is kept, and the next call goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import gradio as gr

from beacon_qa.commands.options import ratio as ratio_in
from beacon_qa.desk.job import Job
from beacon_qa.errors import BookNotFound
from beacon_qa.ratios import Ratio
from beacon_qa.reader import Reader
from ui.lane import in_lane
from ui.library import Library

_PAUSE = 1.0
"""Seconds after which a caller is told the same again, and may be found to have left."""

_OFTEN = 0.25
"""Seconds between two reports while a book is being read."""

_OF_BOOK = ("ratio", "pages", "tokens", "total_tokens", "windows", "total_windows", "nbytes")
_OF_PROGRESS = ("tokens", "windows", "seconds", "tokens_per_second", "seconds_left")


def publish_read(library: Library) -> None:
    """Publish `read(file, ratio, password) -> details`: progress as it goes, then the book."""
    with gr.Row(visible=False):
        inputs = [
            gr.File(label="file"),
            gr.Textbox("auto", label="ratio"),
            gr.Textbox("", label="password", type="password"),
        ]
        output = gr.JSON(label="details")
        call = gr.Button("read")

    @in_lane
    def read(
        file: str | None, ratio: str, password: str, request: gr.Request
    ) -> Generator[dict[str, Any], None, None]:
        yield from _read(library, library.reader(request), file, ratio, password)

    call.click(read, inputs, output, api_name="read", concurrency_id="read", concurrency_limit=8)


def _read(
    library: Library, reader: Reader, file: str | None, ratio: str, password: str
) -> Generator[dict[str, Any], None, None]:
    if not file:
        raise gr.Error("No file came with the call; hand one in.", print_exception=False)
    desk = library.desk
    wanted = _ratio(ratio)
    before = {job.id for job in desk.jobs(reader)}
    path = Path(file)
    job = desk.submit(
        reader, path, name=path.name, password=password or None, ratio=wanted, owned=True
    )
    try:
        told, state = 0.0, ""
        while job.active:
            version = desk.version
            if job.state != state or time.monotonic() - told >= _OFTEN:
                told, state = time.monotonic(), job.state
                yield report(reader, job)
            desk.wait(version, _PAUSE)
            job = desk.job(reader, job.id)
    finally:
        if job.active and job.id not in before:
            desk.cancel(reader, job.id)
    if job.state == "failed":
        raise gr.Error(job.reason, title="Not read", print_exception=False)
    yield report(reader, job)


def report(reader: Reader, job: Job) -> dict[str, Any]:
    """A job as plain values: its state, the book, and how much of it is read."""
    facts: dict[str, Any] = {"state": job.state, "book": job.book_id, "title": job.name}
    try:
        record = reader.shelf.get(job.book_id) if job.book_id else None
    except BookNotFound:
        record = None
    if record is not None:
        facts |= {name: getattr(record, name) for name in _OF_BOOK}
    if job.progress is not None:
        facts |= {name: getattr(job.progress, name) for name in _OF_PROGRESS}
        facts["pages_read"] = job.progress.pages
    return facts | {"known": job.known, "ahead": job.ahead}


def _ratio(word: str) -> Ratio:
    try:
        return ratio_in(str(word or "auto").strip())  # type: ignore[return-value]
    except Exception as error:
        raise gr.Error(f"{error}.", title="Not possible", print_exception=False) from error
