"""Training samples that look back: passages told again, raw, in the window of their question.

Facts are planted in prose, or people's questions stand beside the paragraphs they asked about;
then come windows of their own, each with a few passages of that text read again and a question that
one of them mostly answers:

    the text, condensed | <|doc|> prose, passage, passage <|user|>question...<|end|> | ...

Knows planting, exercises, windows and turns; knows nothing of the other kinds of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Draft, Sample, Span, Tokens, Turn, Weights
from beacon_qa.training.packing import Ids
from beacon_qa.training.passages import widened, words_in
from beacon_qa.training.planting import Item, Planting
from beacon_qa.training.prose import Prose
from beacon_qa.training.reading import Exercise, Reading

TOLD = 0.93
"""How often the passage that answers the question is among those read again."""

ALONE = 0.6
"""How often one passage is read again by itself, with as much around it as has room, or less."""

_LEAST = 4
"""Windows a sample has at least."""

_EDGE = 14
"""The most tokens of prose that a passage takes in before and after its statement."""

_WIDE_EDGE = 32
"""The same around an answer to a person's question: paragraphs tell more than a sentence."""

_CLAUSE = 10
"""Tokens before and after the words of an answer that belong to it at least."""


@dataclass(frozen=True)
class Looked:
    """Makes such samples for windows of `window` tokens; `between` stands in front of a passage."""

    prose: Prose
    planting: Planting
    reading: Reading
    between: Tokens
    window: int

    def sample(
        self, n: int, rng: np.random.Generator, weights: Weights, blocks: int = 0
    ) -> Sample | None:
        """A sample of n tokens; None when n is too small or the prose drawn has no sentence.

        Its last `blocks` windows ask, or with 0 a quarter to a half of them.
        """
        if n < _LEAST * self.window:
            return None
        blocks = blocks or self._some_blocks(n, rng)
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
            turn, span = items[place].turn, spans.get(place)
            drawn = self._drawn(span, turn, len(text), list(spans.values()), rng)
            # The text begins behind the mark of a document.
            told = (span[0] + 1, span[1] + 1) if span else None
            self._block(draft, turn, drawn, text, told, rng)
        return draft.finish()

    def exercise(
        self, n: int, rng: np.random.Generator, weights: Weights, blocks: int = 0
    ) -> Sample | None:
        """A sample of n tokens of people's questions; None when n is too small or none is answered.

        `blocks` as in `sample`.
        """
        if n < _LEAST * self.window:
            return None
        blocks = blocks or self._some_blocks(n, rng)
        head = n - blocks * self.window
        found = self.reading.passages(head - 1, rng)
        if found is None:
            return None
        text = np.concatenate(found.text)
        answered = [(turn, span) for turn in found.turns if (span := _answered(turn, found, text))]
        if not answered:
            return None
        draft = Draft(weights)
        draft.document()
        draft.text(self.prose.stretch(rng, head - 2 - len(text)))
        draft.document()
        start = draft.length
        draft.text(text)
        order = rng.permutation(len(answered))
        for block in range(blocks):
            turn, span = answered[int(order[block % len(order)])]
            others = [other for _, other in answered]
            drawn = self._drawn(span, turn, len(text), others, rng, edge=_WIDE_EDGE)
            self._block(draft, turn, drawn, text, found.told(turn, start), rng)
        return draft.finish()

    def _some_blocks(self, n: int, rng: np.random.Generator) -> int:
        """A quarter to a half of the windows of n tokens."""
        count = n // self.window
        return int(rng.integers(count // 4, count // 2 + 1))

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
        wanted: Span | None,
        turn: Turn | None,
        length: int,
        spans: Sequence[Span],
        rng: np.random.Generator,
        edge: int = _EDGE,
    ) -> list[Span]:
        """The passages read again: mostly the one wanted, alone or with up to two others."""
        drawn = [wanted] if wanted is not None and rng.random() < TOLD else []
        if rng.random() < ALONE:
            one = drawn[0] if drawn else spans[int(rng.integers(len(spans)))]
            return [widened(one, self._room(turn), length, rng)]
        for _ in range(int(rng.integers(0, 3))):
            if rng.random() < 0.6 and len(spans) > 1:
                drawn.append(spans[int(rng.integers(len(spans)))])
            else:
                start = int(rng.integers(max(1, length - 40)))
                drawn.append((start, start + int(rng.integers(16, 40))))
        return [
            (
                max(0, first - int(rng.integers(edge))),
                min(length, end + int(rng.integers(edge))),
            )
            for first, end in drawn
        ]

    def _room(self, turn: Turn | None) -> int:
        """The tokens that a window has for one passage, besides the question."""
        return self.window - 1 - (turn.cost if turn else 0) - len(self.between)

    def _block(
        self,
        draft: Draft,
        turn: Turn | None,
        drawn: Sequence[Span],
        text: NDArray[np.uint16],
        told: Span | None,
        rng: np.random.Generator,
    ) -> None:
        """One window: prose to fill it, the passages that have room, the question."""
        if turn is None:
            return
        room = self.window - 1 - turn.cost
        kept: list[Span] = []
        for first, end in drawn:
            cost = len(self.between) + end - first
            if cost <= room and not any(first < b and a < end for a, b in kept):
                kept.append((first, end))
                room -= cost
        draft.document()
        draft.text(self.prose.stretch(rng, room))
        for first, end in sorted(kept):
            draft.text(self.between)
            draft.again(text[first:end])
        draft.turn(turn, told)


def _answered(turn: Turn, found: Exercise, text: NDArray[np.uint16]) -> Span | None:
    """Where an answer's words stand in the text, a clause before and after them; None: nowhere."""
    place = found.told(turn, 0)
    words = words_in(text[slice(*place)], turn.answer[:-1]) if place else None
    if place is None or words is None:
        return None
    first, end = place[0] + words[0], place[0] + words[1]
    return max(place[0], first - _CLAUSE), min(place[1], end + _CLAUSE)
