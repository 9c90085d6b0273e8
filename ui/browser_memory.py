"""What a browser finds again after a refresh or a restart: the last book and its conversation.

Knows gradio's BrowserState, where ids are kept in the browser itself. A browser may send
anything: each id is looked up on the shelf of the user who asks, and what is not there is nothing.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from beacon_qa.errors import BeaconError
from ui.conversation_events import Conversing
from ui.lane import politely

_REMEMBERED = 50
"""Books whose last conversation a browser remembers."""


class BrowserMemory:
    """The handlers that write it and read it."""

    def __init__(self, conversing: Conversing) -> None:
        self.conversing = conversing

    @politely
    def book(self, kept: Any, request: gr.Request) -> str:
        """The book this browser had on show last, if it is on the user's shelf."""
        book_id = _dict(kept).get("book")
        if not isinstance(book_id, str) or not book_id:
            return ""
        try:
            return self.conversing.library.reader(request).shelf.get(book_id).id
        except BeaconError:
            return ""

    @politely
    def arrive(self, book_id: str, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Show a book with the conversation this browser held about it last."""
        last = _dict(_dict(kept).get("talks")).get(book_id)
        return self.conversing.show(book_id, last, request)

    @politely
    def write(
        self, kept: Any, book_id: str, conversation_id: Any, request: gr.Request
    ) -> dict[str, Any]:
        """The ids to keep, now that this book and this conversation are on show."""
        talks = dict(_dict(_dict(kept).get("talks")))
        if self.conversing.talk(request, book_id, conversation_id) is not None:
            talks.pop(book_id, None)
            talks[book_id] = conversation_id
        return {"book": book_id, "talks": dict(list(talks.items())[-_REMEMBERED:])}


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
