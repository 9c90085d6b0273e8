"""Training samples that look back: passages told again, raw, in the window of their question.

Facts are planted in prose; then come windows of their own, each with a few passages of that prose
read again and a question that one of them mostly answers:

    prose with facts, condensed | <|doc|> prose, passage, passage <|user|>question...<|end|> | ...

Knows planting, windows and turns; knows nothing of the other kinds of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from beacon_qa.training.drafts import Draft, Sample, Tokens, Weights
from beacon_qa.training.packing import Ids
from beacon_qa.training.planting import Item, Planting
from beacon_qa.training.prose import Prose
from beacon_qa.training.vocabulary import encode_texts

TOLD = 0.93
"""How often the passage that answers the question is among those read again."""

_EDGE = 14
"""The most tokens of prose that a passage takes in before and after its statement."""


@dataclass(frozen=True)
class Looked:
    """Makes such samples for windows of `window` tokens."""

    prose: Prose
    planting: Planting
    tokenizer: Tokenizer
    window: int

    def sample(self, n: int, rng: np.random.Generator, weights: Weights) -> Sample | None:
        """A sample of n tokens; None when no sentence ends in the prose drawn for it."""
        count = n // self.window
        blocks = int(rng.integers(count // 4, count // 2 + 1))
        head = n - blocks * self.window
        most = max(blocks + 1, min(head // 60, 3 * blocks))
        facts = int(rng.integers(blocks, most))
        items = self.planting.facts(rng, facts, min(facts, blocks))
        planted = self._planted(items, head - 1, rng)
        asked = [place for place, item in enumerate(items) if item.turn is not None]
        if planted is None or not asked:
            return None
        text, spans = planted
        draft = Draft(weights)
        draft.document()
        draft.text(text)
        order = rng.permutation(asked)
        for block in range(blocks):
            place = int(order[block % len(order)])
            self._block(draft, items[place], self._drawn(place, text, spans, rng), text, rng)
        return draft.finish()

    def _planted(
        self, items: Sequence[Item], length: int, rng: np.random.Generator
    ) -> tuple[Ids, dict[int, tuple[int, int]]] | None:
        """Prose of exactly `length` tokens with the statements in it, and where each stands."""
        room = length - sum(len(item.statement) for item in items)
        prose = self.prose.stretch(rng, room)
        breaks = self.prose.breaks(prose)
        if not len(breaks):
            return None
        pieces: list[Tokens] = []
        spans: dict[int, tuple[int, int]] = {}
        start = at = 0
        for cut, place in zip(
            np.sort(rng.choice(breaks, len(items))), rng.permutation(len(items)), strict=True
        ):
            statement = np.asarray(items[place].statement, np.uint16)
            pieces += [prose[start:cut], statement]
            at += int(cut) - start
            start = int(cut)
            if len(statement):
                spans[int(place)] = at, at + len(statement)
            at += len(statement)
        return np.concatenate([*pieces, prose[start:]]), spans

    def _drawn(
        self,
        place: int,
        text: NDArray[np.uint16],
        spans: dict[int, tuple[int, int]],
        rng: np.random.Generator,
    ) -> list[tuple[int, int]]:
        """The passages read again: mostly the one asked for, and up to two others."""
        drawn = [spans[place]] if place in spans and rng.random() < TOLD else []
        for _ in range(int(rng.integers(0, 3))):
            if rng.random() < 0.6 and len(spans) > 1:
                drawn.append(list(spans.values())[int(rng.integers(len(spans)))])
            else:
                start = int(rng.integers(max(1, len(text) - 40)))
                drawn.append((start, start + int(rng.integers(16, 40))))
        return [
            (
                max(0, first - int(rng.integers(_EDGE))),
                min(len(text), end + int(rng.integers(_EDGE))),
            )
            for first, end in drawn
        ]

    def _block(
        self,
        draft: Draft,
        item: Item,
        drawn: Sequence[tuple[int, int]],
        text: NDArray[np.uint16],
        rng: np.random.Generator,
    ) -> None:
        """One window: prose to fill it, the passages that have room, the question."""
        if item.turn is None:
            return
        between = encode_texts(self.tokenizer, ["\n\n"])[0]
        room = self.window - 1 - item.turn.cost
        kept: list[tuple[int, int]] = []
        for first, end in drawn:
            cost = len(between) + end - first
            if cost <= room and not any(first < b and a < end for a, b in kept):
                kept.append((first, end))
                room -= cost
        draft.document()
        draft.text(self.prose.stretch(rng, room))
        for first, end in sorted(kept):
            draft.text(between)
            draft.again(text[first:end])
        draft.turn(item.turn)
