"""Answers told into kept conversations: the question is kept first, the answer as it grows.

Knows books, chats and the shelf's conversations; knows nothing of gradio. Whatever ends an answer
(its end, a stop, a closed tab, an error), what was told until then is kept and says how it ended.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Condition
from typing import Any

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat import Chat
from beacon_qa.chat.transcript import turns
from beacon_qa.errors import BeaconError, ShelfError
from beacon_qa.evidence.looking import LookBack
from beacon_qa.overview import overview
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.conversations import Conversation, Conversations, Message

_LOG = logging.getLogger(__name__)

_SHOWN = 0.08
"""Seconds between two views of a growing answer: faster than reading, slower than tokens."""

UNEXPECTED = "Something unexpected went wrong; the log of the server says what. Try it again."
"""What is shown of an error that is not one of ours."""

_Key = tuple[Conversations, int, object, int]
"""Whose conversations, which one, what of the book was known, and the last message."""


class Talks:
    """Tells answers; holds the last few chats open, so that follow-ups need not read them again.

    An open chat may hold a copy of its book's memory: `open_chats` bounds how many. `save_every`
    is in seconds: what a killed server may lose of an answer.
    """

    def __init__(self, open_chats: int = 2, *, save_every: float = 2.0) -> None:
        self._limit = open_chats
        self._save_every = save_every
        self._open: OrderedDict[_Key, Chat] = OrderedDict()
        self._live: set[tuple[Conversations, int]] = set()
        self._guard = Condition()

    def tell(
        self,
        shelf: Shelf,
        conversation_id: int,
        book: Callable[[], Book],
        sampling: Sampling,
        look_back: LookBack | None = None,
    ) -> Generator[Message, None, None]:
        """Answer the last question of a conversation; yields the answer's message as it grows.

        Closing the generator stops the model within a token. Errors are kept as the answer's
        `error`. Raises ShelfError when there is no question to answer.
        """
        kept = shelf.conversations
        talk, said = kept.get(conversation_id), kept.messages(conversation_id)
        if not said or said[-1].role != "user":
            raise ShelfError("There is no open question in this conversation; ask one first.")
        message = kept.add(conversation_id, "assistant", "", {"finish": "", "as_of": talk.as_of})
        with self._alive((kept, conversation_id)):
            try:
                yield message
                known, question = book(), said[-1].text
                answer = overview(known, question, sampling, as_of=talk.as_of)
                if answer is not None:
                    yield (yield from _told(kept, message, answer, self._save_every))
                    return
                chat, place = self._chat(kept, talk, said, known)
                answer = chat.ask(question, sampling=sampling, look_back=look_back)
                told = yield from _told(kept, message, answer, self._save_every)
                self._keep((*place, told.id), chat)
                yield told
            except GeneratorExit:
                _stopped(kept, message.id)
                raise
            except BeaconError as error:
                yield _failed(kept, message.id, str(error))
            except Exception:
                _LOG.exception("An answer ended unexpectedly.")
                yield _failed(kept, message.id, UNEXPECTED)

    def telling(self, shelf: Shelf, conversation_id: int) -> bool:
        """Whether an answer is being told in the conversation."""
        with self._guard:
            return (shelf.conversations, conversation_id) in self._live

    def wait(self, shelf: Shelf, conversation_id: int, timeout: float) -> bool:
        """Wait until no answer is told in the conversation; False when it took too long."""
        place = shelf.conversations, conversation_id
        with self._guard:
            return self._guard.wait_for(lambda: place not in self._live, timeout)

    def _chat(
        self, kept: Conversations, talk: Conversation, said: Sequence[Message], book: Book
    ) -> tuple[Chat, tuple[Conversations, int, object]]:
        """A chat that knows what was said before the last question, and the place it is kept at."""
        basis: object = talk.as_of or book.memory.tokens
        before = said[-2].id if len(said) > 1 else 0
        place = kept, talk.id, basis
        chat = self._take((*place, before))
        if chat is None:
            known = book.as_of(talk.as_of) if talk.as_of else book
            chat = known.chat(turns(said[:-1]))
        return chat, place

    @contextmanager
    def _alive(self, place: tuple[Conversations, int]) -> Iterator[None]:
        with self._guard:
            self._live.add(place)
        try:
            yield
        finally:
            with self._guard:
                self._live.discard(place)
                self._guard.notify_all()

    def _take(self, key: _Key) -> Chat | None:
        """The chat that ended with this message, for one user of it."""
        with self._guard:
            return self._open.pop(key, None)

    def _keep(self, key: _Key, chat: Chat) -> None:
        with self._guard:
            self._open[key] = chat
            while len(self._open) > self._limit:
                self._open.popitem(last=False)


def _told(
    kept: Conversations, message: Message, answer: Answer, save_every: float
) -> Generator[Message, None, Message]:
    """Views of the growing message, and the message as it is kept at the end."""
    started = shown = saved = time.monotonic()

    def grown(*, whole: bool = True) -> Message:
        seconds = round(time.monotonic() - started, 2)
        details = {**message.details, **facts(answer, whole=whole), "seconds": seconds}
        return replace(message, text=answer.so_far, details=details)

    try:
        for _ in answer:
            now = time.monotonic()
            if now - saved >= save_every:
                saved = now
                _save(kept, grown())
            if now - shown >= _SHOWN:
                shown = now
                yield grown(whole=False)
    finally:
        answer.cancel()
        message = _save(kept, grown())
    return message


def _save(kept: Conversations, message: Message) -> Message:
    return kept.revise(message.id, message.text, message.details)


def _stopped(kept: Conversations, message_id: int) -> None:
    """Mark an answer that was closed before its first token."""
    message = kept.message(message_id)
    if not message.details.get("finish"):
        _save(kept, replace(message, details={**message.details, "finish": "cancelled"}))


def _failed(kept: Conversations, message_id: int, sentence: str) -> Message:
    """Keep the sentence with what was told; raises ShelfError when the message is gone."""
    message = kept.message(message_id)
    details = {**message.details, "finish": "failed", "error": sentence}
    return kept.revise(message_id, message.text, details)


def facts(answer: Answer, *, whole: bool = True) -> dict[str, Any]:
    """What is kept with an answer: how it ended, its tokens and coverage.

    The `whole` of it has evidence too, which takes a moment to work out.
    """
    known = {
        "finish": answer.finish,
        "usage": asdict(answer.usage),
        "coverage": asdict(answer.coverage),
    }
    if not whole:
        return known
    evidence = [asdict(passage) for passage in answer.evidence]
    again = [asdict(passage) for passage in answer.read_again]
    attention = list(answer.attention)
    return {**known, "evidence": evidence, "read_again": again, "attention": attention}
