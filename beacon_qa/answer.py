"""An answer: lazy, told piece by piece, and complete once it has been read to its end.

Knows a stream of token ids and how it becomes text; knows nothing of books or models.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from threading import Event, RLock
from typing import Literal

from beacon_qa.evidence import Passage
from beacon_qa.evidence.looking import Looking, Round
from beacon_qa.textstream import TextStream

Finish = Literal["", "stop", "length", "cancelled"]


@dataclass(frozen=True)
class Coverage:
    """How much of a text an answer is told from; `total_pages` is 0 for a text without pages."""

    pages: int
    total_pages: int
    windows: int
    total_windows: int
    tokens: int
    total_tokens: int

    @property
    def complete(self) -> bool:
        """Whether the whole text was read."""
        return self.tokens >= self.total_tokens

    def __str__(self) -> str:
        windows = f"{self.windows:,} of {self.total_windows:,} windows"
        if not self.total_pages:
            return windows
        return f"{self.pages:,} of {self.total_pages:,} pages, {windows}"


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer; `cached_tokens` of the input came from memory and were not read."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int


class Answer:
    """The answer to one question: iterate over it for pieces of text, or take `.text`.

    Nothing is computed before the first piece is asked for. It can be iterated again, and by
    several threads. `finish` says how it ended: "stop", "length" or "cancelled", "" before.
    """

    def __init__(
        self,
        question: str,
        tokens: Generator[int, None, None],
        stream: TextStream,
        *,
        prompt: tuple[int, int],
        limit: int,
        coverage: Coverage,
        halt: Event | None = None,
        looking: Looking | None = None,
        rests_on: Sequence[Passage] = (),
        on_end: Callable[[list[int]], None] | None = None,
    ) -> None:
        """`prompt` is (cached, new) input tokens, `limit` the most tokens the answer may have.

        `rests_on` are its passages where they are known and none are `looking` for them. `halt` is
        set to tell the source of the tokens, at work in another thread, to give up.
        """
        self.question = question
        self.coverage = coverage
        self.finish: Finish = ""
        self._tokens = tokens
        self._stream = stream
        self._prompt = prompt
        self._limit = limit
        self._halt = halt or Event()
        self._looking = looking
        self._rests_on = tuple(rests_on)
        self._on_end = on_end
        self._ids: list[int] = []
        self._pieces: list[str] = []
        self._error: Exception | None = None
        self._lock = RLock()

    def __iter__(self) -> Iterator[str]:
        place = 0
        while True:
            with self._lock:
                if place == len(self._pieces) and not self._advance():
                    if self._error is not None:
                        raise self._error
                    return
                piece = self._pieces[place]
            place += 1
            yield piece

    @property
    def text(self) -> str:
        """The whole answer; waits for its end."""
        return "".join(self)

    @property
    def so_far(self) -> str:
        """What has been told until now, without waiting."""
        return "".join(self._pieces)

    @property
    def usage(self) -> Usage:
        """Tokens used until now, with those that looking back has read and told."""
        cached, new = self._prompt
        new += self._looking.tokens if self._looking else 0
        told = len(self._ids) + (self._looking.told if self._looking else 0)
        return Usage(cached + new, told, cached)

    @property
    def evidence(self) -> tuple[Passage, ...]:
        """The passages it rests on, best first, from attention until now; empty before.

        Of sentences of the text, these themselves: no attention fell on them, and their score is 0.
        """
        return self._looking.evidence.passages if self._looking else self._rests_on

    @property
    def attention(self) -> tuple[float, ...]:
        """The share of attention that fell on each window of the text, until now."""
        return self._looking.evidence.windows if self._looking else ()

    @property
    def read_again(self) -> tuple[Passage, ...]:
        """The passages that were read again, raw, before the answer was told."""
        return self._looking.read_again if self._looking else ()

    @property
    def rounds(self) -> tuple[Round, ...]:
        """What was told from which passages on the way, where looking back took several rounds."""
        return self._looking.rounds if self._looking else ()

    def cancel(self, *, wait: bool = True) -> None:
        """End the answer here; what has been told stays.

        Without `wait` the model is only told to stop, for callers that must not be held up.
        """
        self._halt.set()
        if not wait:
            return
        with self._lock:
            if not self.finish:
                self._end("cancelled")

    def _advance(self) -> bool:
        """Go on until there is another piece; False at the end."""
        before = len(self._pieces)
        while not self.finish and len(self._pieces) == before:
            try:
                token = next(self._tokens, None)
            except BaseException as error:
                # Whoever iterates it again is told so too; a Ctrl-C is of this one alone.
                self._error = error if isinstance(error, Exception) else None
                self._end("cancelled")
                raise
            if self._halt.is_set():
                self._end("cancelled")
                break
            if token is None:
                self._end("length" if len(self._ids) >= self._limit else "stop")
                break
            self._ids.append(token)
            self._tell(self._stream.add(token))
            if self._stream.stopped:
                self._end("stop")
        return len(self._pieces) > before

    def _end(self, finish: Finish) -> None:
        self.finish = finish
        self._tokens.close()
        self._tell(self._stream.end())
        if self._on_end is not None:
            self._on_end(self._ids)

    def _tell(self, text: str) -> None:
        if text:
            self._pieces.append(text)
