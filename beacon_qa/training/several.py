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
from typing import NamedTuple

import numpy as np

from beacon_qa.training.alone import FULL, asked_behind
from beacon_qa.training.drafts import Draft, Sample, Span, Tokens, Turn, Weights
from beacon_qa.training.packing import Ids
from beacon_qa.training.passages import closest, widened, words_in
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


class _Place(NamedTuple):
    """A question, its section, where its answer is told, and if so word for word (`literal`)."""

    turn: Turn
    section: Span
    told: Span
    literal: bool


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
            part = about if retold else None
            first = _placed(asked, asked.turns[0], part)
            passage = _passage(asked.text[0], first, about, rng, silent if most == 1 else 0.0)
            if passage is None:
                continue
            text = asked.text[0][slice(*passage)]
            places = [first, *(_placed(asked, turn, part) for turn in asked.turns[1:])]
            turns = self._turns(places, passage, text, room - len(text), most, rng, silent / 3)
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
        places: Sequence[_Place],
        passage: Span,
        text: Ids,
        room: int,
        most: int,
        rng: np.random.Generator,
        silent: float,
    ) -> list[Turn]:
        """The questions asked, each with its answer or with what says that there is none."""
        turns: list[Turn] = []
        for number, place in enumerate(places):
            answer = _answer(place, passage, text, self.unknown)
            # Most of what is asked about the text around a passage is not told in it.
            if answer is None or (number and answer is self.unknown and rng.random() >= silent):
                continue
            turn = replace(place.turn, answer=answer)
            if turn.cost <= room:
                turns.append(turn)
                room -= turn.cost
            if len(turns) == most:
                break
        return [turns[number] for number in rng.permutation(len(turns))]


def _placed(asked: Exercise, turn: Turn, part: int | None) -> _Place:
    """Where a question's answer is told; in all of its section if its words stand nowhere there.

    If that has more than a `part` of so many tokens, in what shares most words with the turn.
    """
    section = asked.told(turn, 0) or (0, len(asked.text[0]))
    text = asked.text[0][slice(*section)]
    told = words_in(text, turn.answer[:-1])
    literal = told is not None
    if told is None and part is not None and len(text) > part >= _LEAST:
        told = closest(text, (*turn.answer[:-1], *turn.question), part * 3 // 4)
    first, end = told or (0, len(text))
    return _Place(turn, section, (section[0] + first, section[0] + end), literal)


def _passage(
    text: Ids, place: _Place, room: int, rng: np.random.Generator, silent: float
) -> Span | None:
    """Where to read for the first question; None if where it is told has no room.

    As often as `silent` says that is another place, which may not tell it.
    """
    first, end = place.told
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
    return max(drawn, key=lambda one: _shared(place.turn, text[slice(*one)]))


def _answer(place: _Place, passage: Span, text: Ids, unknown: Tokens) -> Tokens | None:
    """What a passage answers: the answer, `unknown`, or None where that cannot be said."""
    answer, (first, end) = place.turn.answer, place.section
    if passage[0] <= place.told[0] and place.told[1] <= passage[1]:
        return answer
    if words_in(text, answer[:-1]) is not None:
        return None
    # In other words than the text's: told wherever any of its section is read.
    return unknown if place.literal or passage[1] <= first or end <= passage[0] else None


def _shared(turn: Turn, text: Ids) -> int:
    """How many different tokens of a question stand in a text."""
    return len(np.intersect1d(turn.question, text))
