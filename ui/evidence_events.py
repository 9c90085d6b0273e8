"""What the evidence panel does: show an answer's evidence, and open the places it points to.

Knows the library and kept messages. Ids and places come from browsers, which may send any: an id
is looked up on the shelf of the user who asks, an answer must belong to the book on show, and no
place past the answer's own limit is opened.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import gradio as gr

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.errors import BeaconError
from beacon_qa.shelf.conversations import Message
from ui.evidence_facts import gather, limit_of, whole
from ui.evidence_html import book_html, empty_html, evidence_html
from ui.lane import politely
from ui.library import Library
from ui.page_view import Pictures, View, page_html

_DOCUMENTS = 3
"""Documents that are kept parsed, for all browsers together."""


class Evidencing:
    """The panel's handlers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._pictures = Pictures()
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._guard = Lock()
        self._begun = datetime.now(UTC)

    @politely
    def show(self, book_id: Any, answer_id: Any, request: gr.Request) -> tuple[str, Any]:
        """(evidence, timer): of the answer on show; the timer looks again while it is told."""
        if not book_id:
            return empty_html(), gr.Timer(active=False)
        document, book = self._document(request, book_id), self._book(request, book_id)
        message = self._answer(request, book_id, answer_id)
        if message is None:
            growing = gr.Timer(active=self._being_read(request, book_id))
            return book_html(whole(document, book)), growing
        telling = self._being_told(message)
        # One whose program was ended says no more: what was kept of it is what there is.
        ended = {} if telling or message.details.get("finish") else {"finish": "cancelled"}
        evidence = gather(document, book, message.text, {**message.details, **ended})
        return evidence_html(evidence), gr.Timer(active=telling)

    @politely
    def look_again(self, book_id: Any, answer_id: Any, request: gr.Request) -> tuple[Any, Any]:
        """(evidence, timer): once the answer has ended; until then all stays as it is.

        So it does without an answer, until the book is read.
        """
        message = self._answer(request, book_id, answer_id)
        growing = self._being_read(request, book_id) if message is None else False
        if growing or (message is not None and self._being_told(message)):
            return gr.skip(), gr.skip()
        return self.show(book_id, answer_id, request)

    @politely
    def open(self, book_id: Any, answer_id: Any, request: gr.Request, event: gr.EventData) -> str:
        """The page that was clicked, with the clicked passage marked."""
        asked: Mapping[str, Any] = getattr(event, "_data", None) or {}
        document, book = self._document(request, book_id), self._book(request, book_id)
        message = self._answer(request, book_id, answer_id)
        if message is None:
            limit = whole(document, book).limit
        else:
            limit = limit_of(document, book, message.details)
        start, end = _whole_number(asked.get("start")), _whole_number(asked.get("end"))
        leaf = _whole_number(asked["leaf"]) if asked.get("leaf") is not None else None
        as_text = asked.get("as") == "text"
        view = View.at(document, limit, start, end, leaf, as_text)
        shelf = self.library.reader(request).shelf
        return page_html(view, self._pictures.of(view, shelf.original(book_id)))

    def _document(self, request: gr.Request, book_id: Any) -> Document:
        shelf = self.library.reader(request).shelf
        record = shelf.get(str(book_id))
        with self._guard:
            if record.content_hash in self._documents:
                self._documents.move_to_end(record.content_hash)
                return self._documents[record.content_hash]
        document = shelf.document(record.id)
        with self._guard:
            self._documents[record.content_hash] = document
            while len(self._documents) > _DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    def _book(self, request: gr.Request, book_id: Any) -> Book | None:
        """The book with its memory, None while nothing of it can be opened with this model."""
        try:
            return self.library.book(request, str(book_id))
        except BeaconError:
            return None

    def _answer(self, request: gr.Request, book_id: Any, answer_id: Any) -> Message | None:
        """The answer of this id, if it was given about this book on the user's shelf."""
        if not isinstance(answer_id, int) or answer_id < 1 or not book_id:
            return None
        kept = self.library.reader(request).shelf.conversations
        try:
            message = kept.message(answer_id)
            talk = kept.get(message.conversation_id)
        except BeaconError:
            return None
        mine = talk.book_id == book_id and message.role == "assistant"
        return message if mine else None

    def _being_read(self, request: gr.Request, book_id: Any) -> bool:
        """Whether more of the book on show may be read by itself."""
        if not book_id:
            return False
        state = self.library.reader(request).shelf.get(str(book_id)).state
        return state in ("waiting", "reading")

    def _being_told(self, message: Message) -> bool:
        """Whether it may still grow: not one that a program before this one began."""
        begun = datetime.fromisoformat(message.created)
        return not message.details.get("finish") and begun >= self._begun


def _whole_number(value: Any) -> int:
    """A number a browser sent, 0 for anything else."""
    return max(value, 0) if isinstance(value, int) and value < 2**53 else 0
