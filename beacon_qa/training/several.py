"""Training samples of a passage and the questions that people ask about it, several in a row.

The shortest way to learn how people ask: half of the tokens belong to questions.

    <|doc|> prose, passage <|user|>question<|assistant|> answer<|end|><|user|>question...<|end|>

Some passages do not tell what is asked: stretches of the same text, mostly those that share the
question's words. To say so then is to know which passage answers a question.

Knows exercises, turns and how a passage stands before what is asked (alone); knows nothing of
memories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from beacon_qa.training.alone import FULL, asked_behind
from beacon_qa.training.drafts import Draft, Sample, Span, Tokens, Turn, Weights
from beacon_qa.training.packing import Ids
from beacon_qa.training.passages import widened, words_in
from beacon_qa.training.prose import Prose
from beacon_qa.training.reading import Exercise, Reading

SILENT = 0.15
"""How often a passage about which one question is asked does not tell what is asked.

A further question, which it does not answer, is asked a third as often.
"""

SELDOM_SILENT = 0.03
"""The same, for a model that has learnt to say so and says it too often."""

MOST = 5
"""The most questions about one passage."""

_EACH = 48
"""Tokens of a sample for each question that it may have."""

_TRIES = 64
"""Questions that have no room with what answers them, before a sample is given up."""

_DRAWN = 12
"""The most stretches among which the one that shares most words with a question is taken."""

_NEAR = 0.5
"""How often such stretches lie where the answer stands, and not anywhere in the text."""

_LEAST = 48
"""Tokens below which a part of a section is not read for an answer in other words."""

_COMMON = 300
"""Ids below this are bytes and the shortest words, which say nothing of what a text is about."""


@dataclass(frozen=True)
class Several:
    """Makes such samples; `between` stands in front of a passage, `unknown` says it is silent."""

    prose: Prose
    reading: Reading
    between: Tokens
    unknown: Tokens

    def sample(
        self,
        n: int,
        rng: np.random.Generator,
        weights: Weights,
        silent: float = SILENT,
        *,
        retold: bool = False,
    ) -> Sample | None:
        """A sample of n tokens; None when nothing is asked in short, or has room.

        Where an answer is `retold`, in other words than the text's, and its section has no room, a
        part of it is read.
        """
        room = n - 1 - len(self.between)
        for _ in range(_TRIES):
            asked = self.reading.near(rng)
            if asked is None:
                return None
            most = int(rng.integers(1, 1 + max(1, min(MOST, n // _EACH))))
            about = room - most * asked.turns[0].cost
            told = [_told(asked, turn, about if retold else None) for turn in asked.turns]
            passage = _passage(asked, told[0], about, rng, silent if most == 1 else 0.0)
            if passage is None:
                continue
            text = asked.text[0][slice(*passage)]
            turns = self._turns(asked, told, passage, room - len(text), most, rng, silent / 3)
            if not turns:
                continue
            draft = Draft(weights)
            draft.document()
            left = room - len(text) - sum(turn.cost for turn in turns)
            draft.text(self.prose.stretch(rng, left))
            return asked_behind(draft, self.between, text, turns)
        return None

    def _turns(
        self,
        asked: Exercise,
        told: Sequence[Span],
        passage: Span,
        room: int,
        most: int,
        rng: np.random.Generator,
        silent: float,
    ) -> list[Turn]:
        """The questions asked, each with its answer or with what says that there is none."""
        turns: list[Turn] = []
        for place, turn in enumerate(asked.turns):
            answer = _answer(asked, turn, told[place], passage, self.unknown)
            # Most of what is asked about the text around a passage is not told in it.
            if answer is None or (place and answer is self.unknown and rng.random() >= silent):
                continue
            turn = replace(turn, answer=answer)
            if turn.cost <= room:
                turns.append(turn)
                room -= turn.cost
            if len(turns) == most:
                break
        return [turns[place] for place in rng.permutation(len(turns))]


def _passage(
    asked: Exercise, told: Span, room: int, rng: np.random.Generator, silent: float
) -> Span | None:
    """Where to read for the first question, told at `told`; None if that has no room.

    As often as `silent` says that is another place, which may not tell it.
    """
    text, turn = asked.text[0], asked.turns[0]
    first, end = told
    if not 0 < end - first <= room:
        return None
    length, full = len(text), rng.random() < FULL
    if not silent or rng.random() >= silent:
        return widened((first, end), room, length, rng, full=full)
    low, high = 0, length
    if rng.random() < _NEAR:
        low, high = max(0, first - 2 * room), min(length, end + 2 * room)
    drawn = []
    for _ in range(int(rng.integers(1, _DRAWN + 1))):
        start = int(rng.integers(low, high))
        drawn.append(widened((start, start + 1), room, length, rng, full=full))
    return max(drawn, key=lambda one: _shared(turn, text[slice(*one)]))


def _told(asked: Exercise, turn: Turn, room: int | None) -> Span:
    """Where the words of an answer stand in what is asked about; all of that if nowhere.

    If all has more tokens than a `room`, that part which shares most words with the turn.
    """
    first, end = asked.told(turn, 0) or (0, len(asked.text[0]))
    words = words_in(asked.text[0][first:end], turn.answer[:-1])
    if words:
        return first + words[0], first + words[1]
    if room is None or end - first <= room or room < _LEAST:
        return first, end
    told = [token for token in (*turn.answer[:-1], *turn.question) if token >= _COMMON]
    size = room * 3 // 4
    shared = np.isin(asked.text[0][first:end], told).astype(np.int64)
    counts = np.convolve(shared, np.ones(size, np.int64), "valid")
    best = np.flatnonzero(counts == counts.max())
    start = first + int(best[len(best) // 2])
    return start, start + size


def _answer(
    asked: Exercise, turn: Turn, told: Span, passage: Span, unknown: Tokens
) -> Tokens | None:
    """What a passage answers: the answer, `unknown`, or None where that cannot be said."""
    if passage[0] <= told[0] and told[1] <= passage[1]:
        return turn.answer
    if words_in(asked.text[0][slice(*passage)], turn.answer[:-1]) is not None:
        return None
    # In other words than the text's: told wherever any of what is asked about is read.
    first, end = asked.told(turn, 0) or told
    literal = words_in(asked.text[0][first:end], turn.answer[:-1]) is not None
    return unknown if literal or passage[1] <= first or end <= passage[0] else None


def _shared(turn: Turn, text: Ids) -> int:
    """How many different tokens of a question stand in a text."""
    return len(np.intersect1d(turn.question, text))
