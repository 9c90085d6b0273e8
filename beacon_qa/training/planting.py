"""Planting facts and records in prose, with questions after them or in between.

Knows statements, questions and the places between sentences. Does not know which kinds of
samples there are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from beacon_qa.training.drafts import Draft, Span, Tokens, Turn, fitting, turns_of
from beacon_qa.training.facts import UNKNOWN, FactMaker
from beacon_qa.training.packing import Ids
from beacon_qa.training.prose import Prose
from beacon_qa.training.records import draw_records
from beacon_qa.training.vocabulary import encode_texts

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """What is planted: a statement, a question turn about it, or both."""

    statement: Tokens = ()
    turn: Turn | None = None

    @property
    def cost(self) -> int:
        """How many tokens the item takes in all."""
        return len(self.statement) + (self.turn.cost if self.turn else 0)


class Planting:
    """Draws facts and records as token ids, and plants them in prose.

    `absent` is the share of questions about facts that are not told.
    """

    def __init__(self, prose: Prose, facts: FactMaker, tokenizer: Tokenizer, absent: float) -> None:
        self._prose = prose
        self._facts = facts
        self._tokenizer = tokenizer
        self._absent = absent

    def facts(self, rng: np.random.Generator, count: int, asked: int) -> list[Item]:
        """Draw `count` facts, of which `asked` are asked for: those come first."""
        wording = _wording(rng)
        silent = int(rng.binomial(asked, self._absent))
        drawn = self._facts.draw(wording, count + silent)
        told = drawn[: max(1, len(drawn) - silent)]
        statements = [" " + fact.statement(wording) for fact in told]
        turns = [(f.question(wording), f.answer) for f in told[: max(0, asked - silent)]]
        unknown = [(f.question(wording), UNKNOWN) for f in drawn[len(told) :]]
        return [
            *(Item((), turn) for turn in turns_of(self._tokenizer, unknown)),
            *self._items(statements, turns),
        ]

    def records(self, rng: np.random.Generator, count: int, asked: int) -> list[Item]:
        """Draw a list of `count` records, of which `asked` are asked for: those come first."""
        drawn = draw_records(_wording(rng), self._facts.split, count)
        turns = [(record.question, record.answer) for record in drawn[:asked]]
        return self._items([record.line for record in drawn], turns)

    def episode(
        self,
        draft: Draft,
        length: int,
        rng: np.random.Generator,
        items: Sequence[Item],
        *,
        together: bool = False,
    ) -> None:
        """Add a document of exactly `length` tokens, the questions about it included.

        Items that do not fit are left out, from the last; prose fills what they leave. The
        statements stand between sentences, or `together` in one place.
        """
        kept = fitting(items, length - 1)
        prose = self._prose.stretch(rng, length - 1 - sum(item.cost for item in kept))
        stated = _shuffled(rng, [item for item in kept if len(item.statement)])
        draft.document()
        told = self._plant(draft, prose, stated, rng, together)
        for item in _shuffled(rng, [item for item in kept if item.turn]):
            if item.turn:
                draft.turn(item.turn, told.get(id(item)))

    def interleaved(
        self, draft: Draft, length: int, rng: np.random.Generator, items: Sequence[Item]
    ) -> None:
        """Add exactly `length` tokens in which questions come as soon as their facts are told."""
        kept = fitting(items, length - 1 - sum(item.turn is not None for item in items))
        asked = _shuffled(rng, [item for item in kept if item.turn])
        rounds = max(1, len(asked))
        prose = self._prose.stretch(rng, length - rounds - sum(item.cost for item in kept))
        stated: list[list[Item]] = [[] for _ in range(rounds)]
        for place, item in enumerate(asked):
            stated[int(rng.integers(place + 1))].append(item)
        for item in kept:
            if item.turn is None:
                stated[int(rng.integers(rounds))].append(item)
        cuts = _near_breaks(self._prose.breaks(prose), len(prose), rounds)
        told: dict[int, Span] = {}
        for place in range(rounds):
            draft.document()
            items = [item for item in _shuffled(rng, stated[place]) if len(item.statement)]
            told |= self._plant(draft, prose[cuts[place] : cuts[place + 1]], items, rng, False)
            if asked and (turn := asked[place].turn):
                draft.turn(turn, told.get(id(asked[place])))

    def _plant(
        self,
        draft: Draft,
        prose: Ids,
        items: Sequence[Item],
        rng: np.random.Generator,
        together: bool,
    ) -> dict[int, Span]:
        """Add prose with the items' statements in it; returns where, by the item's identity."""
        told = {}
        places = self._prose.breaks(prose)
        if not len(places):
            # Too little prose for a sentence of its own: facts follow it.
            places = np.array([len(prose)], np.int64)
        drawn = np.sort(rng.choice(places, 1 if together else len(items)))
        start = 0
        for place, item in zip(np.resize(drawn, len(items)), items, strict=True):
            draft.text(prose[start:place])
            told[id(item)] = draft.length, draft.length + len(item.statement)
            draft.text(item.statement)
            start = int(place)
        draft.text(prose[start:])
        return told

    def _items(self, statements: list[str], turns: list[tuple[str, str]]) -> list[Item]:
        """Items of the statements; the first of them have the turns."""
        encoded = encode_texts(self._tokenizer, statements)
        asked = turns_of(self._tokenizer, turns)
        return [Item(ids, turn) for ids, turn in zip_longest(encoded, asked)]


def _wording(rng: np.random.Generator) -> random.Random:
    # Words are drawn one by one, where the standard library's generator is ten times faster.
    return random.Random(int(rng.integers(1 << 62)))


def _shuffled(rng: np.random.Generator, things: Sequence[T]) -> list[T]:
    return [things[place] for place in rng.permutation(len(things))]


def _near_breaks(breaks: NDArray[np.int64], length: int, rounds: int) -> list[int]:
    """Cut `length` into `rounds` parts of about one size, at breaks where there are some."""
    even = [place * length // rounds for place in range(rounds + 1)]
    inner = [int(breaks[np.abs(breaks - cut).argmin()]) if len(breaks) else cut for cut in even]
    return sorted([0, *inner[1:-1], length])
