"""What the conversation panel does when something is asked, chosen or clicked.

A question goes two ways, one after the other: it is kept at once; then its answer waits for the
model in the one lane and is told there. Leaving a conversation, closing the tab and the stop
button cancel the second; what was told by then is kept.

Knows the library and `Talks`. Every id comes from a browser and is looked up on the shelf of the
user who asks; a conversation must belong to the book it is used with.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gradio as gr

from beacon_qa.errors import BeaconError
from beacon_qa.markdown import original
from beacon_qa.places import find_place
from beacon_qa.shelf.conversations import Conversation, Conversations, Message
from ui import conversation_views as views
from ui.bubbles import Bubble, bubbles, message_id, short
from ui.lane import in_lane, politely
from ui.library import Library
from ui.settings import look_back, sampling
from ui.talk import Talks

_PATIENCE = 20.0
"""Seconds to wait for a stopped answer to be kept, before showing what is kept by then."""

Whole = tuple[Any, ...]
"""Updates of: conversation, answer, status, timer, picker, chat, question, as of, title."""


class Conversing:
    """The handlers of the conversation panel."""

    def __init__(self, library: Library, talks: Talks) -> None:
        self.library = library
        self.talks = talks

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
        kept = self._kept(request)
        if talk is not None and not kept.messages(talk.id):
            kept.hold(talk.id, place)
            return self.show(book_id, talk.id, request)
        return self.show(book_id, None, request, place)

    @politely
    def ask(
        self, question: Any, book_id: str, conversation_id: Any, as_of: Any, request: gr.Request
    ) -> tuple[Any, ...]:
        """Keep the question; updates of: question, conversation, picker, chat, title."""
        text = self._checked(question)
        reader = self.library.reader(request)
        kept = reader.shelf.conversations
        talk = self.talk(request, book_id, conversation_id)
        if talk is None:
            if as_of:
                find_place(reader.shelf.document(book_id), str(as_of))
            talk = kept.start(book_id, short(text), str(as_of or ""))
        elif self.talks.telling(reader.shelf, talk.id):
            raise gr.Error(
                "An answer is being told; stop it, or ask again when it has ended.",
                title="One at a time",
                print_exception=False,
            )
        elif not talk.title:
            talk = kept.rename(talk.id, short(text))
        kept.add(talk.id, "user", text)
        return self._asked(request, talk, value="")

    def ask_example(
        self,
        book_id: str,
        conversation_id: Any,
        as_of: Any,
        request: gr.Request,
        event: gr.SelectData,
    ) -> tuple[Any, ...]:
        """Keep a suggested question."""
        return self.ask(event.value["text"], book_id, conversation_id, as_of, request)

    @politely
    def again(
        self,
        book_id: str,
        conversation_id: Any,
        shown: list[Bubble],
        request: gr.Request,
        event: gr.RetryData,
    ) -> tuple[Any, ...]:
        """Cut the conversation after a question, to have it answered once more."""
        talk, question = self._chosen(request, book_id, conversation_id, shown, event.index)
        kept = self._kept(request)
        later = [message for message in kept.messages(talk.id) if message.id > question.id]
        if later:
            kept.cut(talk.id, later[0].id)
        return self._asked(request, talk)

    @politely
    def edit(
        self,
        book_id: str,
        conversation_id: Any,
        shown: list[Bubble],
        request: gr.Request,
        event: gr.EditData,
    ) -> tuple[Any, ...]:
        """Cut the conversation at a question, and ask another one there."""
        text = self._checked(event.value)
        talk, question = self._chosen(request, book_id, conversation_id, shown, event.index)
        kept = self._kept(request)
        kept.cut(talk.id, question.id)
        kept.add(talk.id, "user", text)
        return self._asked(request, talk)

    @in_lane
    def tell(
        self, book_id: str, conversation_id: Any, settings: Any, request: gr.Request
    ) -> Generator[tuple[list[Bubble], Any], None, None]:
        """Tell the answer; updates of: chat, answer."""
        talk = self.must(self.talk(request, book_id, conversation_id))
        shelf = self.library.reader(request).shelf
        said = shelf.conversations.messages(talk.id)
        telling = self.talks.tell(
            shelf,
            talk.id,
            lambda: self.library.book(request, book_id),
            sampling(settings),
            look_back(settings),
        )
        for message in telling:
            live = None if message.details["finish"] else message.id
            yield bubbles([*said, message], live), message.id

    @politely
    def settle(
        self, book_id: str, conversation_id: Any, request: gr.Request
    ) -> tuple[Any, Any, Any]:
        """Show what is kept once the answer has ended; updates of: question, picker, chat."""
        reader = self.library.reader(request)
        talk = self.talk(request, book_id, conversation_id)
        if talk is None:
            return views.question(book_id), gr.skip(), gr.skip()
        self.talks.wait(reader.shelf, talk.id, _PATIENCE)
        said = reader.shelf.conversations.messages(talk.id)
        return views.question(book_id), views.picker(reader, book_id, talk.id), bubbles(said)

    @politely
    def select(self, shown: list[Bubble], request: gr.Request, event: gr.SelectData) -> Any:
        """The id of the answer that was clicked."""
        chosen = self._message(request, shown, event.index)
        return chosen.id if chosen.role == "assistant" else gr.skip()

    def talk(self, request: gr.Request, book_id: str, conversation_id: Any) -> Conversation | None:
        """The conversation of this id about this book on the user's shelf, if there is one."""
        if not isinstance(conversation_id, int) or conversation_id < 1 or not book_id:
            return None
        try:
            talk = self._kept(request).get(conversation_id)
        except BeaconError:
            return None
        return talk if talk.book_id == book_id else None

    def _asked(self, request: gr.Request, talk: Conversation, **field: Any) -> tuple[Any, ...]:
        reader = self.library.reader(request)
        return (
            gr.update(**field, **views.STOP),
            talk.id,
            views.picker(reader, talk.book_id, talk.id),
            bubbles(reader.shelf.conversations.messages(talk.id), waiting=True),
            talk.title,
        )

    def _checked(self, question: Any) -> str:
        text, limit = original(str(question or "")).strip(), self.library.limits.question_characters
        if not text:
            raise gr.Error("Type a question first.", title="Nothing asked", print_exception=False)
        if len(text) > limit:
            raise gr.Error(
                f"The question has {len(text):,} characters and at most {limit:,} are taken; "
                "shorten it.",
                title="Too long",
                print_exception=False,
            )
        return text

    def _chosen(
        self, request: gr.Request, book_id: str, conversation_id: Any, shown: Any, index: Any
    ) -> tuple[Conversation, Message]:
        """The conversation on show and its question at this place of the chat."""
        talk = self.must(self.talk(request, book_id, conversation_id))
        question = self._message(request, shown, index)
        if question.conversation_id != talk.id or question.role != "user":
            raise gr.Error("Choose a question of this conversation.", print_exception=False)
        return talk, question

    def _message(self, request: gr.Request, shown: Any, index: Any) -> Message:
        place = index[0] if isinstance(index, list | tuple) else index
        found = message_id(shown[place])
        return self._kept(request).message(found or 0)

    def _kept(self, request: gr.Request) -> Conversations:
        return self.library.reader(request).shelf.conversations

    def must(self, talk: Conversation | None) -> Conversation:
        """The conversation, or the sentence that it is gone."""
        if talk is None:
            raise gr.Error(
                "Nothing was said here yet, or it is not on the shelf any more; ask something "
                "first.",
                print_exception=False,
            )
        return talk


def _last_answer(said: list[Message]) -> int | None:
    answers = [message.id for message in said if message.role == "assistant"]
    return answers[-1] if answers else None
