"""Reading exercises: passages with questions that people asked about them.

Knows packed articles and tales (short answers) and stories and meetings (long ones). Does not
know invented facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Span, Tokens, Turn
from beacon_qa.training.packing import Ids, Packed

TALES = 0.3
"""How often short answers are asked about tales, and not about articles."""
LONG_KINDS = ("story", "meeting")
# Tries to find a section that fits what room is left, before giving up.
_TRIES = 8


class Exercise(NamedTuple):
    """A text, the questions about it in order, and the text that stood before it.

    `places` is where each section of the text begins and ends in it.
    """

    text: list[Ids]
    turns: list[Turn]
    before: Ids
    places: Mapping[int, Span]

    def told(self, turn: Turn, start: int) -> Span | None:
        """Where a text that begins at `start` tells what a question asks for."""
        if turn.sections is None:
            return None
        first, last = turn.sections
        return start + self.places[first][0], start + self.places[last][1]


@dataclass(frozen=True)
class _Asked:
    """Packed text with its questions in order of the section they begin to be answered in."""

    packed: Packed
    order: NDArray[np.int64]
    firsts: NDArray[np.int64]

    def within(self, first: int, end: int) -> NDArray[np.int64]:
        """The questions whose answers stand in sections `first` to `end - 1`."""
        low, high = np.searchsorted(self.firsts, (first, end))
        rows = self.order[low:high]
        kept: NDArray[np.int64] = rows[self.packed.places[rows, 2] < end]
        return kept


class Reading:
    """Draws exercises of up to a number of tokens.

    `unknown` answers the questions about other texts, which are a share `absent` of them. Of those
    with short answers a share `tales` is about tales, the others are about articles.
    """

    def __init__(
        self, packed: Mapping[str, Packed], unknown: Tokens, absent: float, tales: float
    ) -> None:
        self._asked = {kind: _ordered(texts) for kind, texts in packed.items() if len(texts.places)}
        self._shares = {"article": 1 - tales, "tale": tales}
        self._short = [kind for kind in self._shares if kind in self._asked]
        self._long = [kind for kind in LONG_KINDS if kind in self._asked]
        self._unknown = unknown
        self._absent = absent

    def passages(self, n: int, rng: np.random.Generator) -> Exercise | None:
        """Sections of one or more documents, with short answers; None if none fits.

        Text, turns (with their marks) and the document's mark take n tokens at most.
        """
        if not self._short:
            return None
        asked = self._drawn(rng)
        spans = self._spans(asked.packed, int((n - 1) * rng.uniform(0.6, 0.85)), rng)
        if not spans:
            return None
        sections = asked.packed.sections
        text = [asked.packed.tokens[sections[first] : sections[end]] for first, end in spans]
        rows = np.concatenate([asked.within(first, end) for first, end in spans])
        room = n - 1 - sum(map(len, text))
        turns = self._turns(asked, rng.permutation(rows), spans, room, rng)
        places = _places(asked.packed, spans)
        return Exercise(text, turns, _before(asked.packed, spans[0][0]), places)

    def one(self, rng: np.random.Generator) -> tuple[Turn, Ids] | None:
        """A question with a short answer and the sections that it asks about; None without any."""
        if not self._short:
            return None
        packed = self._drawn(rng).packed
        row = int(rng.integers(len(packed.places)))
        first, last = map(int, packed.places[row, 1:])
        text = packed.tokens[packed.sections[first] : packed.sections[last + 1]]
        return _turn(packed, row), text

    def near(self, rng: np.random.Generator) -> Exercise | None:
        """A document and a question with a short answer, then those asked near it; None if none is.

        Nothing is left out for length.
        """
        if not self._short:
            return None
        asked = self._drawn(rng)
        packed = asked.packed
        row = int(rng.integers(len(packed.places)))
        document, first, last = map(int, packed.places[row])
        start, end = map(int, packed.documents[document : document + 2])
        near = asked.within(max(start, first - 1), min(end, last + 2))
        rows = [row, *(int(other) for other in rng.permutation(near) if other != row)]
        turns = [_turn(packed, row) for row in rows]
        text = packed.document(document)
        return Exercise([text], turns, text[:0], _places(packed, [(start, end)]))

    def _drawn(self, rng: np.random.Generator) -> _Asked:
        """One of the kinds with short answers, by its share."""
        shares = np.cumsum([self._shares[kind] for kind in self._short])
        kind = self._short[int(np.searchsorted(shares, rng.random() * shares[-1], "right"))]
        return self._asked[kind]

    def whole(self, n: int, rng: np.random.Generator) -> Exercise | None:
        """A whole document with long answers; None if none is short enough."""
        for _ in range(_TRIES if self._long else 0):
            asked = self._asked[self._long[int(rng.integers(len(self._long)))]]
            row = int(rng.choice(asked.packed.places[:, 0]))
            text = asked.packed.document(row)
            rows = np.flatnonzero(asked.packed.places[:, 0] == row)
            turns = self._fill(asked.packed, rng.permutation(rows), n - 1 - len(text))
            if turns:
                first = int(asked.packed.documents[row])
                places = _places(asked.packed, [(first, int(asked.packed.documents[row + 1]))])
                return Exercise([text], turns, _before(asked.packed, first), places)
        return None

    def _spans(self, packed: Packed, room: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Runs of sections (first, end), each of one document, that fit into `room` tokens."""
        spans: list[tuple[int, int]] = []
        sections, misses = packed.sections, 0
        while misses < _TRIES and room > 0:
            first = int(rng.integers(len(sections) - 1))
            limit = int(packed.documents[np.searchsorted(packed.documents, first, "right")])
            limit = min(limit, first + int(rng.geometric(0.1)))
            fits = int(np.searchsorted(sections, sections[first] + room, "right")) - 1
            end = min(limit, fits)
            if end <= first or any(first < other[1] and other[0] < end for other in spans):
                misses += 1
                continue
            spans.append((first, end))
            room -= int(sections[end] - sections[first])
        return spans

    def _turns(
        self,
        asked: _Asked,
        rows: NDArray[np.int64],
        spans: Sequence[tuple[int, int]],
        room: int,
        rng: np.random.Generator,
    ) -> list[Turn]:
        turns = self._fill(asked.packed, rows, room)
        for place in np.flatnonzero(rng.random(len(turns)) < self._absent):
            other = int(rng.integers(len(asked.packed.places)))
            question, _ = asked.packed.question(other)
            turn = Turn(question, self._unknown)
            # A question about another document takes the place of a longer one.
            if not _same_document(asked.packed, other, spans) and turn.cost <= turns[place].cost:
                turns[place] = turn
        return turns

    def _fill(self, packed: Packed, rows: NDArray[np.int64], room: int) -> list[Turn]:
        turns = []
        misses = 0
        for row in rows:
            turn = _turn(packed, int(row))
            if turn.cost <= room:
                turns.append(turn)
                room -= turn.cost
            elif (misses := misses + 1) == _TRIES:
                break
        return turns


def _turn(packed: Packed, row: int) -> Turn:
    first, last = map(int, packed.places[row, 1:])
    return Turn(*packed.question(row), (first, last))


def _ordered(packed: Packed) -> _Asked:
    order = np.argsort(packed.places[:, 1], kind="stable")
    return _Asked(packed, order, packed.places[order, 1])


def _places(packed: Packed, spans: Sequence[tuple[int, int]]) -> dict[int, Span]:
    """Where each section of these runs begins and ends, once they are joined."""
    places: dict[int, Span] = {}
    at = 0
    for first, end in spans:
        base = int(packed.sections[first])
        for section in range(first, end):
            begin, after = (int(place) - base for place in packed.sections[section : section + 2])
            places[section] = at + begin, at + after
        at += int(packed.sections[end]) - base
    return places


def _before(packed: Packed, section: int) -> Ids:
    """The text of the same document that stands before a section."""
    row = int(np.searchsorted(packed.documents, section, "right")) - 1
    start, end = packed.sections[packed.documents[row]], packed.sections[section]
    return packed.tokens[start:end]


def _same_document(packed: Packed, question: int, spans: Sequence[tuple[int, int]]) -> bool:
    rows = np.searchsorted(packed.documents, [first for first, _ in spans], "right") - 1
    return bool((rows == packed.places[question, 0]).any())
