"""What the conversation panel shows when a book, a conversation or an answer is chosen.

Knows the library. Every id comes from a browser and is looked up on the shelf of the user who
asks; a conversation must belong to the book it is used with.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from beacon_qa.errors import BeaconError
from beacon_qa.shelf.conversations import Conversation, Conversations, Message
from ui import conversation_views as views
from ui.bubbles import Bubble, message_id
from ui.lane import politely
from ui.library import Library

Whole = tuple[Any, ...]
"""Updates of: conversation, answer, status, timer, picker, chat, question, as of, title."""


class Conversing:
    """The handlers of what is on show in the conversation panel."""

    def __init__(self, library: Library) -> None:
        self.library = library

    @politely
    def show(
        self, book_id: str, conversation_id: Any, request: gr.Request, as_of: str = ""
    ) -> Whole:
        """Everything about a book and a conversation; one that is not there is a new one."""
        reader = self.library.reader(request)
        talk = self.talk(request, book_id, conversation_id)
        place = talk.as_of if talk else as_of
        shown = talk.id if talk else None
        status, unsettled = views.status(self.library, request, book_id)
        document = reader.shelf.document(book_id) if book_id else None
        return (
            shown,
            _last_answer(reader.shelf.conversations.messages(shown) if shown else []),
            status,
            gr.Timer(active=unsettled),
            views.picker(reader, book_id, shown),
            views.chat(reader, book_id, shown, place),
            views.question(book_id),
            views.as_of_choice(document, place),
            talk.title if talk else "",
        )

    @politely
    def tick(self, book_id: str, request: gr.Request) -> tuple[Any, ...]:
        """The state of a book that is being read; updates of: status, timer, chat."""
        status, unsettled = views.status(self.library, request, book_id)
        reader = self.library.reader(request)
        chat = gr.skip() if unsettled else views.invitation(reader, book_id)
        return status, gr.Timer(active=unsettled), chat

    @politely
    def hold(
        self, book_id: str, conversation_id: Any, as_of: str | None, request: gr.Request
    ) -> Whole:
        """Answer as of another place: in a new conversation, unless nothing was said yet."""
        place = str(as_of or "")
        talk = self.talk(request, book_id, conversation_id)
        kept = self.kept(request)
        if talk is not None and not kept.messages(talk.id):
            kept.hold(talk.id, place)
            return self.show(book_id, talk.id, request)
        return self.show(book_id, None, request, place)

    @politely
    def select(self, shown: list[Bubble], request: gr.Request, event: gr.SelectData) -> Any:
        """The id of the answer that was clicked."""
        chosen = self.message(request, shown, event.index)
        return chosen.id if chosen.role == "assistant" else gr.skip()

    def talk(self, request: gr.Request, book_id: str, conversation_id: Any) -> Conversation | None:
        """The conversation of this id about this book on the user's shelf, if there is one."""
        if not isinstance(conversation_id, int) or conversation_id < 1 or not book_id:
            return None
        try:
            talk = self.kept(request).get(conversation_id)
        except BeaconError:
            return None
        return talk if talk.book_id == book_id else None

    def must(self, talk: Conversation | None) -> Conversation:
        """The conversation, or the sentence that it is gone."""
        if talk is None:
            raise gr.Error(
                "Nothing was said here yet, or it is not on the shelf any more; ask something "
                "first.",
                print_exception=False,
            )
        return talk

    def message(self, request: gr.Request, shown: Any, index: Any) -> Message:
        """The message whose bubble stands at this place of the chat."""
        place = index[0] if isinstance(index, list | tuple) else index
        found = message_id(shown[place])
        return self.kept(request).message(found or 0)

    def kept(self, request: gr.Request) -> Conversations:
        """The conversations on the user's shelf."""
        return self.library.reader(request).shelf.conversations


def _last_answer(said: list[Message]) -> int | None:
    answers = [message.id for message in said if message.role == "assistant"]
    return answers[-1] if answers else None
