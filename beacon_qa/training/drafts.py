"""A training sample and its making: ids laid out as the model reads them, and their weights.

Knows the layout `<|doc|>text` and `<|user|>question<|assistant|> answer<|end|>`. Does not know
where texts and questions come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from beacon_qa.training.packing import as_answer
from beacon_qa.training.vocabulary import ASSISTANT, DOC, END, USER, encode_texts

Tokens = Sequence[int] | NDArray[np.uint16]


Span = tuple[int, int]
"""Places [first, end) in a sample."""


class Sample(NamedTuple):
    """Ids (int64, shape n) and the weight of each as a target (float32, shape n).

    `points` (questions, 4) says where a question stands and where what it asks for is told: two
    spans, of those questions of which it is known.
    """

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    points: NDArray[np.int64] = np.zeros((0, 4), np.int64)


@dataclass(frozen=True)
class Weights:
    """What a target weighs: running text, an answer, a token that is repeated, a question."""

    prose: float = 1.0
    answer: float = 4.0
    repeat: float = 1.0
    question: float = 0.0


@dataclass(frozen=True)
class Turn:
    """A question and its answer in token ids, without the marks around them.

    `sections` are those of its packed text that it asks about, first and last, if there are any.
    """

    question: Tokens
    answer: Tokens
    sections: tuple[int, int] | None = None

    @property
    def cost(self) -> int:
        """How many tokens the turn takes, with its three marks."""
        return len(self.question) + len(self.answer) + 3


def turns_of(tokenizer: Tokenizer, pairs: Iterable[tuple[str, str]]) -> list[Turn]:
    """Turns of questions and their answers in words, encoded together."""
    words = [text for question, answer in pairs for text in (question, as_answer(answer))]
    encoded = encode_texts(tokenizer, words)
    return [Turn(q, a) for q, a in zip(encoded[::2], encoded[1::2], strict=True)]


class _Costing(Protocol):
    @property
    def cost(self) -> int: ...


C = TypeVar("C", bound=_Costing)


def fitting(things: Sequence[C], room: int) -> list[C]:
    """The turns, or what else has a cost in tokens, that fit into `room`, taken in order."""
    kept = []
    for thing in things:
        if thing.cost <= room:
            kept.append(thing)
            room -= thing.cost
    return kept


class Draft:
    """A sample while it is put together, piece by piece."""

    def __init__(self, weights: Weights) -> None:
        self._pieces: list[Tokens] = []
        self._weights: list[float] = []
        self._kinds = weights
        self._points: list[tuple[int, int, int, int]] = []
        self.length = 0

    def document(self) -> None:
        """Begin a document, or go on with one after a question."""
        self._add([DOC], 0.0)

    def text(self, ids: Tokens) -> None:
        """Add running text."""
        self._add(ids, self._kinds.prose)

    def again(self, ids: Tokens) -> None:
        """Add text that was told before; predicting it teaches nothing."""
        self._add(ids, 0.0)

    def turn(self, turn: Turn, told: Span | None = None) -> None:
        """Add a question, which counts little or nothing, and its answer, predicted to its end.

        `told` is where the text tells what is asked for, if that is known.
        """
        if told is not None:
            first = self.length + 1
            self._points.append((first, first + len(turn.question), *told))
        self._add([USER], 0.0)
        self._add(turn.question, self._kinds.question)
        self._add([ASSISTANT], 0.0)
        self._add([*turn.answer, END], self._kinds.answer)

    def finish(self) -> Sample:
        """The sample as far as it has come."""
        weights = np.repeat(np.array(self._weights, np.float32), [len(p) for p in self._pieces])
        points = np.array(self._points, np.int64).reshape(-1, 4)
        return Sample(np.concatenate(self._pieces).astype(np.int64), weights, points)

    def _add(self, ids: Tokens, weight: float) -> None:
        if len(ids):
            self._pieces.append(ids)
            self._weights.append(weight)
            self.length += len(ids)
