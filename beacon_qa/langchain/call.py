"""One call of a model: opening the book, answering, ended by its time or by its caller.

Knows messages, answers and clocks; knows nothing of LangChain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from threading import Event, Timer

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat.dialogue import Message
from beacon_qa.chat.messages import answer_messages
from beacon_qa.chat.tools import BrokenCall, ToolCall, ToolKit
from beacon_qa.errors import AnswerTimeout
from beacon_qa.evidence.looking import LookBack
from beacon_qa.langchain.opening import Opened, Wanted


class Call:
    """The messages of one call and its answer, told once by `parts`.

    It may be cancelled from any thread; `timeout` counts seconds from the moment it begins, and
    raises AnswerTimeout.
    """

    def __init__(
        self,
        opened: Opened,
        wanted: Wanted,
        messages: Sequence[Message],
        *,
        sampling: Sampling,
        stop: Sequence[str],
        timeout: float | None,
        kit: ToolKit | None = None,
        look_back: LookBack | None = None,
    ) -> None:
        self.book: Book | None = None
        self.answer: Answer | None = None
        self._opened = opened
        self._wanted = wanted
        self._messages = messages
        self._sampling = sampling
        self._stop = stop
        self._timeout = timeout
        self._kit = kit
        self._look_back = look_back
        self._cancelled = Event()
        self._end = float("inf")

    @property
    def model(self) -> str:
        """What the model is called: as the caller did, or as the book's own model."""
        book = self._wanted.book
        return book.engine.name if isinstance(book, Book) else self._wanted.model

    def cancel(self) -> None:
        """Tell the model to stop within a token or a window; returns at once."""
        self._cancelled.set()
        if self.answer is not None:
            self.answer.cancel(wait=False)

    def parts(self) -> Iterator[str | ToolCall | BrokenCall]:
        """Open, answer, and tell the answer as text and calls of tools."""
        if self._timeout is not None:
            self._end = time.monotonic() + self._timeout
        engine, self.book = self._opened.open(self._wanted, self._ended)
        if self.book is not None and not self.book.coverage.complete and self._late():
            raise late(
                self._timeout or 0,
                f"reading {self.book.title}, which stands at {self.book.coverage}",
            )
        self.answer = answer_messages(
            engine,
            self._messages,
            book=self.book,
            sampling=self._sampling,
            stop=self._stop,
            tools=self._kit,
            histories=self._opened.histories,
            look_back=self._look_back,
        )
        timer = self._timer(self.answer)
        try:
            yield from self._kit.calls(self.answer) if self._kit else self.answer
        finally:
            if timer is not None:
                timer.cancel()
            self.answer.cancel()
        if self.answer.finish == "cancelled" and self._late():
            raise late(self._timeout or 0, "answering")

    def _timer(self, answer: Answer) -> Timer | None:
        """Ends the answer when its time is over, also within a long history."""
        if self._cancelled.is_set():
            answer.cancel()
        if self._timeout is None:
            return None
        timer = Timer(max(self._end - time.monotonic(), 0), answer.cancel)
        timer.daemon = True
        timer.start()
        return timer

    def _late(self) -> bool:
        return time.monotonic() >= self._end

    def _ended(self) -> bool:
        return self._cancelled.is_set() or self._late()


def late(timeout: float, doing: str) -> AnswerTimeout:
    """What is raised when a call's time was over while it was at something."""
    return AnswerTimeout(
        f"The {timeout} seconds of this call were over while {doing}; what was read is kept, so "
        "ask again, or give more time."
    )
