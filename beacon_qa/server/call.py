"""One answer, told in a thread: from the book and the messages to text, calls and what it rests on.

Knows books, messages and answers; knows nothing of HTTP or event loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from threading import Event
from typing import Any, Literal

from beacon_qa.answer import Answer, Usage
from beacon_qa.book import Book
from beacon_qa.chat.messages import answer_messages
from beacon_qa.chat.tools import BrokenCall, ToolCall
from beacon_qa.errors import AnswerTimeout, BookNotFound
from beacon_qa.evidence import Passage
from beacon_qa.server.asking import Asked, not_read_yet
from beacon_qa.server.library import Library, Patron
from beacon_qa.server.refusals import Refusal

Cut = Literal["", "time", "ending", "gone"]
"""Why an answer was ended early: its time, the server, or the client that has gone."""

Part = str | ToolCall


@dataclass(frozen=True)
class End:
    """How an answer ended; `beacon` is what it was told from."""

    finish: Literal["stop", "length", "tool_calls"]
    usage: Usage
    beacon: dict[str, Any] = field(default_factory=dict)


class Call:
    """The answer to what is asked, told once by `parts`; may be cut from any thread."""

    def __init__(self, library: Library, patron: Patron, asked: Asked) -> None:
        self.asked = asked
        self.cut_by: Cut = ""
        self._library = library
        self._patron = patron
        self._book: Book | None = None
        self._answer: Answer | None = None
        self._cut = Event()

    def cut(self, why: Cut) -> None:
        """Tell the model to stop within a token, or a window while it reads; returns at once."""
        self.cut_by = self.cut_by or why
        self._cut.set()
        if self._answer is not None:
            self._answer.cancel(wait=False)

    @property
    def refusal(self) -> Exception:
        """What is told where there is nothing of an answer when it is cut."""
        if self.cut_by == "ending":
            return Refusal(503, "The server is ending; ask again later.", code="server_ending")
        return AnswerTimeout(
            "The time of this request was over before there was an answer; ask for less, or give "
            "the server more time with --timeout."
        )

    def parts(self) -> Iterator[Part | End]:
        """The answer in pieces, and its end. Raises Refusal, a BeaconError, AnswerTimeout."""
        answer = self._answer = self._begun()
        if self._cut.is_set():
            answer.cancel(wait=False)
        kit = self.asked.kit
        told = calls = 0
        try:
            for part in kit.calls(answer) if kit else answer:
                told += 1
                calls += isinstance(part, ToolCall)
                yield part.text if isinstance(part, BrokenCall) else part
        finally:
            answer.cancel()
        if answer.finish == "cancelled" and not told:
            raise self.refusal
        yield End(self._finish(answer, calls), answer.usage, self._beacon(answer))

    def _begun(self) -> Answer:
        asked, patron = self.asked, self._patron
        if asked.book_id:
            self._book = self._open()
        return answer_messages(
            patron.reader.engine,
            asked.messages,
            book=self._book,
            sampling=asked.sampling,
            stop=asked.stop,
            tools=asked.kit,
            histories=patron.histories,
            look_back=asked.look_back,
        )

    def _open(self) -> Book:
        asked, patron = self.asked, self._patron
        # One that is gone meanwhile is told as it is; of the others nothing is read yet.
        record = patron.reader.shelf.get(asked.book_id)
        try:
            return self._library.book(patron, asked.book_id, asked.as_of)
        except BookNotFound as error:
            raise not_read_yet(record.title) from error

    def _finish(self, answer: Answer, calls: int) -> Literal["stop", "length", "tool_calls"]:
        if calls:
            return "tool_calls"
        return "stop" if answer.finish == "stop" else "length"

    def _beacon(self, answer: Answer) -> dict[str, Any]:
        """What the answer was told from, beside OpenAI's fields."""
        told: dict[str, Any] = {"cut": self.cut_by}
        book = self._book
        if book is None:
            return told
        text = book.document.text

        def passage(one: Passage) -> dict[str, Any]:
            return {**asdict(one), "text": text[one.start : one.end]}

        coverage = answer.coverage
        return told | {
            "book": book.id,
            "title": book.title,
            "as_of": book.up_to,
            "coverage": {**asdict(coverage), "complete": coverage.complete, "text": str(coverage)},
            "evidence": [passage(one) for one in answer.evidence],
            "read_again": [passage(one) for one in answer.read_again],
        }
