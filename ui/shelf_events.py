"""What the shelf panel does: take files in, show how far they are, and do what is clicked.

Knows the panel, the library and the desk. Ids come from browsers, which may send any: each is
looked up on the shelf and at the desk of the user who asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from beacon_qa.desk.job import Job
from beacon_qa.errors import BeaconError, BookNotFound
from beacon_qa.ratios import Ratio
from beacon_qa.reader import Reader
from ui.cards import cards
from ui.following import Following
from ui.lane import politely
from ui.library import Library
from ui.shelf_html import shelf_html
from ui.shelf_panel import ShelfPanel
from ui.states import States

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Settings of every event of the panel."""


_GONE = "gone: "
"""What stands before the id of a book on show that was removed elsewhere."""


class Shelving:
    """The panel's handlers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.desk = library.desk

    def show(
        self, book_id: str, follow: Following, shown: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """(list, opened, note, follow, shown): what changed since `shown`, the list's digest."""
        reader = self.library.reader(request)
        jobs = self.desk.jobs(reader)
        opened, after = follow.look(jobs)
        if book_id and _is_gone(reader, book_id):
            opened = f"{_GONE}{book_id}"
        note = gr.skip() if after.notes == follow.notes else note_html(after.notes)
        page, digest = self._page(reader, jobs, book_id)
        if digest == shown:
            page, digest = gr.skip(), gr.skip()
        return page, opened or gr.skip(), note, after, digest

    def open(self, job_id: str, request: gr.Request) -> str:
        """The book that a job has led to; none where the one on show is gone."""
        if job_id.startswith(_GONE):
            return ""
        return self.desk.job(self.library.reader(request), job_id).book_id

    def take(
        self, files: Sequence[str] | None, settings: Any, request: gr.Request
    ) -> tuple[Any, str, Following]:
        """(drop zone, note, follow): hand files in at the desk; what is refused is said why."""
        reader = self.library.reader(request)
        ids: list[str] = []
        notes: list[str] = []
        for file in files or ():
            path = Path(file)
            before = {job.id for job in self.desk.jobs(reader) if job.active}
            try:
                job = self.desk.submit(
                    reader, path, name=path.name, ratio=_ratio(settings), owned=True
                )
            except BeaconError as error:
                notes.append(f"“{path.name}”: {error}")
                continue
            ids.append(job.id)
            if job.id in before:
                notes.append(f"“{path.name}” is being read already; it is not read twice.")
        return None, note_html(notes), Following(tuple(ids), True, tuple(notes))

    def act(
        self, book_id: str, follow: Following, request: gr.Request, event: gr.EventData
    ) -> tuple[Any, ...]:
        """(book, list, follow, shown): do what was clicked."""
        reader = self.library.reader(request)
        data = getattr(event, "_data", None) or {}
        action, key = str(data.get("do", "")), str(data.get("key", ""))
        if action == "open":
            book_id = reader.shelf.get(key).id
            follow = replace(follow, opening=False)
        else:
            jobs = self._do(reader, action, key, str(data.get("password", "")))
            follow = Following(jobs, True) if jobs else follow
            book_id = "" if action == "delete" and key == book_id else book_id
        page, digest = self._page(reader, self.desk.jobs(reader), book_id)
        return book_id, page, follow, digest

    def _do(self, reader: Reader, action: str, key: str, password: str) -> tuple[str, ...]:
        """Do one action to a book or job; returns the jobs to follow."""
        if action == "cancel":
            self.desk.cancel(reader, key)
        elif action == "dismiss":
            self.desk.dismiss(reader, key)
        elif action == "delete":
            self.desk.remove(reader, key)
            self.library.forget(reader, key)
        elif action in ("retry", "password"):
            return (self.desk.retry(reader, key, password=password or None).id,)
        elif action == "resume":
            self.desk.resume(reader, key)
        elif action == "read":
            document = reader.shelf.document(key)
            return (self.desk.submit(reader, document, name=document.title).id,)
        return ()

    def _page(self, reader: Reader, jobs: tuple[Job, ...], book_id: str) -> tuple[Any, Any]:
        """(list, digest)"""
        used, quota = self.library.used(reader), reader.shelf.quota
        page = shelf_html(cards(reader, jobs), book_id, used, quota)
        return page, hashlib.sha256(page.encode()).hexdigest()


def _is_gone(reader: Reader, book_id: str) -> bool:
    try:
        reader.shelf.get(book_id)
    except BookNotFound:
        return True
    return False


def note_html(notes: Sequence[str]) -> str:
    """Sentences below the drop zone."""
    said = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f'<div class="drop-notes" role="alert">{said}</div>' if said else ""


def _ratio(settings: Any) -> Ratio:
    """The ratio in a browser's settings, or "auto"."""
    ratio = settings.get("ratio") if isinstance(settings, dict) else None
    return ratio if isinstance(ratio, int) and ratio > 0 else "auto"


def wire(library: Library, states: States, panel: ShelfPanel, page: gr.Blocks) -> None:
    """Connect the panel's events, and show the shelf when the page is opened."""
    shelving = Shelving(library)
    current = [states.book, panel.follow, panel.shown]
    changed = [panel.books, panel.opened, panel.note, panel.follow, panel.shown]
    for shows in (page.load, states.book.change, panel.timer.tick):
        shows(politely(shelving.show), current, changed, queue=False, **_QUIET)
    panel.upload.upload(
        politely(shelving.take),
        [panel.upload, states.settings],
        [panel.upload, panel.note, panel.follow],
        queue=False,
        **_QUIET,
    )
    # These two give a state another value, of which only the queue tells the other panels.
    panel.opened.change(politely(shelving.open), panel.opened, states.book, **_QUIET)
    panel.books.click(
        politely(shelving.act),
        [states.book, panel.follow],
        [states.book, panel.books, panel.follow, panel.shown],
        **_QUIET,
    )
