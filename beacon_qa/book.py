"""A book that has been read: ask it, talk with it, have it summarized, go back in it.

Knows a document, its memory, and which tokens stand for which characters. A book is a value:
asking never changes it. Knows nothing of how books are read or kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any

from beacon_qa.answer import Answer, Coverage
from beacon_qa.beacon import Memory, Sampling
from beacon_qa.chat import Chat, Turn
from beacon_qa.documents import Document, Span
from beacon_qa.engine import Engine
from beacon_qa.errors import DocumentError
from beacon_qa.evidence import Evidence, Ground
from beacon_qa.evidence.looking import PASSAGES, LookBack, Looking, check_look_back
from beacon_qa.evidence.rounds import Rounds, rounds_for
from beacon_qa.gathering import Source
from beacon_qa.places import find_place
from beacon_qa.plaintext import EncodedText
from beacon_qa.prompts import Length
from beacon_qa.quotes import Quote, check_quotes
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.summarizing import summarize
from beacon_qa.summary import Summary


class Book:
    """A document and its memory, up to its end or up to an earlier place (`up_to`).

    Made by a Reader.
    """

    def __init__(
        self,
        engine: Engine,
        record: BookRecord,
        document: Document,
        memory: Memory,
        *,
        encoded: EncodedText | None = None,
        up_to: str = "",
        append: Callable[..., Book] | None = None,
    ) -> None:
        self.engine = engine
        self.record = record
        self.document = document
        self.memory = memory
        self.up_to = up_to
        self._encoded = encoded
        self._append = append

    def __repr__(self) -> str:
        return f"Book({self.id!r}, {self.title!r}, {self.coverage})"

    @property
    def id(self) -> str:
        """The book's id on the shelf."""
        return self.record.id

    @property
    def title(self) -> str:
        """The document's title."""
        return self.document.title

    @property
    def chapters(self) -> tuple[Span, ...]:
        """The document's chapters."""
        return self.document.chapters

    @cached_property
    def coverage(self) -> Coverage:
        """How many pages, windows and tokens of the text are in the memory."""
        total = self.record.total_tokens
        tokens = self.memory.tokens
        pages = self.document.pages
        read = len(pages)
        if tokens < total:
            read = bisect_right(pages, self.offset_of(tokens), key=lambda page: page.end)
        window = self.engine.window
        # The window still open at the end counts once the text is over: all of it is held.
        windows = self.memory.windows if tokens < total else -(-total // window)
        return Coverage(read, len(pages), windows, -(-total // window), tokens, total)

    @cached_property
    def encoded(self) -> EncodedText:
        """The document's token ids, as they were read."""
        if self._encoded is not None:
            return self._encoded
        return self.engine.prompts.document(self.document.text, self.record.seam_offsets)

    @property
    def ids(self) -> list[int]:
        """All ids the memory is made of: the template's opening, then the document."""
        return [*self.engine.prompts.layout.opening, *self.encoded.ids]

    def offset_of(self, token: int) -> int:
        """The character where a token (counted with the template's opening) starts."""
        return self.encoded.span(0, token - len(self.engine.prompts.layout.opening))[1]

    def window_span(self, window: int) -> tuple[int, int]:
        """The characters [start, end) of the text that a window, counted from 0, holds."""
        size = self.engine.window
        return self.offset_of(window * size), self.offset_of((window + 1) * size)

    @cached_property
    def ground(self) -> Ground:
        """The text under the memory, in which an answer's evidence lies."""
        opening = len(self.engine.prompts.layout.opening)
        return Ground(self.document, self.encoded, opening, self.memory.tokens, self.engine.window)

    @cached_property
    def _read(self) -> str:
        """The text that is in memory."""
        return self.document.text[: self.offset_of(self.memory.tokens)]

    def looking(
        self, look_back: LookBack | None = None, question: str = "", rounds: int | None = None
    ) -> Looking:
        """One answer's look at the text, in the engine's way or another.

        In so many rounds at most; None is several for a `question` that asks for all of something.
        """
        way = self.engine.look_back if look_back is None else check_look_back(look_back)
        model, limit = self.engine.model, rounds_for(question, rounds)
        if limit == 1 or way == "off":
            return Looking(model, self.ground, way)
        return Rounds(model, self.ground, way, limit=limit)

    def asked(self, question: str) -> str:
        """The question as this book's model is asked it: names spelled as in what was read."""
        return self.engine.prompts.spelled(question, self._read)

    def ask(
        self,
        question: str,
        *,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        look_back: LookBack | None = None,
        rounds: int | None = None,
        source: Source | None = None,
    ) -> Answer:
        """The answer to one question, told as it is iterated; the memory is not changed.

        `look_back` "on" reads the passages that the question's attention finds again before
        answering, "auto" where they stand out, "off" never; None is the engine's own way. It takes
        so many `rounds` at most; None is several for a question that asks for all of something,
        else one. With a `source` of the engine's it is told together with others. Raises
        ModelError for a `look_back` or `rounds` that is none.
        """
        asked = self.asked(question)
        return self.engine.answer(
            question,
            partial(self.engine.prompts.question, asked),
            lambda: self.memory,
            cached=self.memory.tokens,
            coverage=self.coverage,
            sampling=sampling,
            stop=stop,
            looking=self.looking(look_back, question, rounds),
            asked=asked,
            source=source,
        )

    def ask_many(
        self,
        questions: Iterable[str],
        *,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        look_back: LookBack | None = None,
    ) -> list[Answer]:
        """The answers to several questions, told together: the memory is read once for all.

        Iterating any of them, in any thread, moves all of them on; cancelling one leaves the
        others. The answers are those that `ask` gives one by one.
        """
        source = self.engine.company()
        return [
            self.ask(question, sampling=sampling, stop=stop, look_back=look_back, source=source)
            for question in questions
        ]

    def find(self, question: str, *, most: int = PASSAGES) -> Evidence:
        """Where in the text a question's attention falls, the best passages, without an answer."""
        prompts, asked = self.engine.prompts, self.asked(question)
        ids, words = prompts.question(asked), len(prompts.asked(asked))
        after = len(prompts.layout.ask)
        return self.looking("on").find(self.memory, ids, words, after, most)

    def chat(self, history: Iterable[Turn] = ()) -> Chat:
        """A conversation whose later questions know the earlier ones, from `history` on."""
        return Chat(
            self.engine, self.memory, self.coverage, history, looking=self.looking, asked=self.asked
        )

    def check(self, answer: str) -> tuple[Quote, ...]:
        """The quotations and numbers of an answer, looked up in the text that is in memory."""
        return check_quotes(answer, self.document, up_to=len(self._read))

    def summarize(
        self,
        length: Length = "medium",
        *,
        by_chapter: bool = False,
        sampling: Sampling | None = None,
    ) -> Summary:
        """A summary of all that is in memory, or one a chapter, told as it is iterated.

        Each chapter is summarized from the memory as it was at the chapter's end: all earlier
        chapters are in it. Nothing is read again: a few passages are not the whole. A model that
        is too small to write a summary has it made of the text's own sentences, and the summary's
        `note` says so. Raises DocumentError by chapter for a text without chapters.
        """
        return summarize(self, length, by_chapter=by_chapter, sampling=sampling)

    def as_of(self, place: Span | int | str) -> Book:
        """The book as a reader knows it at the end of a page or chapter, and nothing beyond.

        `place` is as in `find_place`: a page number, "page xii", "chapter 7", a chapter's title,
        or a span. Raises DocumentError for a place that is not there or not read yet.
        """
        span = find_place(self.document, place)
        opening = len(self.engine.prompts.layout.opening)
        tokens = opening + self.encoded.tokens_before(span.end)
        if tokens > self.memory.tokens:
            raise DocumentError(
                f"{self.title} is read up to {self.coverage}, which does not reach the end of "
                f"{span.label!r} yet; read on first."
            )
        label = span.label if span in self.chapters else f"page {span.label}"
        if tokens == self.memory.tokens:
            memory = self.memory
        else:
            # What follows the last full window is read again raw, up to the place itself.
            windows = tokens // self.engine.window
            with self.engine.lane.turn():
                earlier = self.memory.as_of(windows)
            rest = self.ids[windows * self.engine.window : tokens]
            memory = self.engine.read_on(rest, earlier)
        return Book(
            self.engine, self.record, self.document, memory, encoded=self.encoded, up_to=label
        )

    def append(self, source: Any, **options: Any) -> Book:
        """A new book: this one followed by another document, of which only the new text is read.

        Takes what `Reader.read` takes. Raises DocumentError for a book that is not whole.
        """
        if self._append is None or not self.coverage.complete:
            raise DocumentError(
                f"{self.title} is not read to its end here; append to the whole book."
            )
        return self._append(self, source, **options)
