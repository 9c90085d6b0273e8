"""What happens when something is asked: the question is kept, and its answer is told.

A question goes two ways, one after the other: it is kept at once; then its answer waits for the
model in the one lane and is told there. Leaving a conversation, closing the tab and the stop
button cancel the second; what was told by then is kept.

Knows `Conversing` and `Talks`. Every id comes from a browser; `Conversing` looks it up.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gradio as gr

from beacon_qa.markdown import original
from beacon_qa.places import find_place
from beacon_qa.shelf.conversations import Conversation, Message
from ui import conversation_views as views
from ui.bubbles import Bubble, bubbles, short
from ui.conversation_events import Conversing
from ui.lane import in_lane, politely
from ui.settings import look_back, sampling
from ui.talk import Talks

_PATIENCE = 20.0
"""Seconds to wait for a stopped answer to be kept, before showing what is kept by then."""


class Asking:
    """The handlers of what asks and tells."""

    def __init__(self, conversing: Conversing, talks: Talks) -> None:
        self.conversing = conversing
        self.library = conversing.library
        self.talks = talks

    @politely
    def ask(
        self, question: Any, book_id: str, conversation_id: Any, as_of: Any, request: gr.Request
    ) -> tuple[Any, ...]:
        """Keep the question; updates of: question, conversation, picker, chat, title."""
        text = self._checked(question)
        reader = self.library.reader(request)
        kept = reader.shelf.conversations
        talk = self.conversing.talk(request, book_id, conversation_id)
        if talk is None:
            if as_of:
                find_place(reader.shelf.document(book_id), str(as_of))
            talk = kept.start(book_id, short(text), str(as_of or ""))
        else:
            self._quiet(request, talk)
            if not talk.title:
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
        self._quiet(request, talk)
        kept = self.conversing.kept(request)
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
        """Cut the conversation at a question, and ask another one there.

        The chat shows an edit before it is taken: one that is refused is a warning, not an error,
        so that the same event shows the question again as it was.
        """
        talk, question = self._chosen(request, book_id, conversation_id, shown, event.index)
        kept = self.conversing.kept(request)
        try:
            text = self._checked(event.value)
            self._quiet(request, talk)
        except gr.Error as refused:
            gr.Warning(refused.message, title=refused.title)
            as_it_was = bubbles(kept.messages(talk.id))
            return gr.skip(), talk.id, gr.skip(), as_it_was, talk.title
        kept.cut(talk.id, question.id)
        kept.add(talk.id, "user", text)
        return self._asked(request, talk)

    @in_lane
    def tell(
        self, book_id: str, conversation_id: Any, settings: Any, request: gr.Request
    ) -> Generator[tuple[list[Bubble], Any], None, None]:
        """Tell the answer to the last question, if it has none; updates of: chat, answer."""
        talk = self.conversing.must(self.conversing.talk(request, book_id, conversation_id))
        shelf = self.library.reader(request).shelf
        said = shelf.conversations.messages(talk.id)
        if not said or said[-1].role != "user":
            return
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
        talk = self.conversing.talk(request, book_id, conversation_id)
        if talk is None:
            return views.question(book_id), gr.skip(), gr.skip()
        self.talks.wait(reader.shelf, talk.id, _PATIENCE)
        said = reader.shelf.conversations.messages(talk.id)
        return views.question(book_id), views.picker(reader, book_id, talk.id), bubbles(said)

    def _asked(self, request: gr.Request, talk: Conversation, **field: Any) -> tuple[Any, ...]:
        reader = self.library.reader(request)
        return (
            gr.update(**field, **views.STOP),
            talk.id,
            views.picker(reader, talk.book_id, talk.id),
            bubbles(reader.shelf.conversations.messages(talk.id), waiting=True),
            talk.title,
        )

    def _quiet(self, request: gr.Request, talk: Conversation) -> None:
        if self.talks.telling(self.library.reader(request).shelf, talk.id):
            raise gr.Error(
                "An answer is being told; stop it, or ask again when it has ended.",
                title="One at a time",
                print_exception=False,
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
        talk = self.conversing.must(self.conversing.talk(request, book_id, conversation_id))
        question = self.conversing.message(request, shown, index)
        if question.conversation_id != talk.id or question.role != "user":
            raise gr.Error("Choose a question of this conversation.", print_exception=False)
        return talk, question
