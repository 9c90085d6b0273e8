"""Which stretches of the text an answer rests on, from the attention that fell on its memory.

Each beacon stands for a known stretch of the text, so attention to beacons is attention to places.
There are no fixed chunks: a passage grows around a peak of attention to the sentences it lies in.
Knows scores, token places and a document; knows nothing of models or of how scores came about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from beacon_qa.documents import Document
from beacon_qa.plaintext import EncodedText

REACH = 32
"""Tokens over which attention is gathered to find a peak: a sentence or so."""

MOST = 5
"""How many passages are named."""

LONGEST = 64
"""The most tokens of a passage, unless the caller wants less."""

_BREAK = re.compile(r"[.!?…][\"'”’»)\]]*\s+|\n\s*\n")
_LOOK = 240
"""Characters within which the beginning or the end of a sentence is looked for."""

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Passage:
    """Characters [start, end) of the text, and the share of all attention that fell on them.

    `page` is the printed label and `chapter` the title where most of it fell, "" for none.
    """

    start: int
    end: int
    page: str
    chapter: str
    score: float


@dataclass(frozen=True)
class Evidence:
    """The passages an answer rests on, best first, and the share of attention by window.

    `contrast` is how many times more attention the best passage drew than a stretch of its length
    draws on average; it tells a find from a guess.
    """

    passages: tuple[Passage, ...] = ()
    windows: tuple[float, ...] = ()
    contrast: float = 0.0


@dataclass(frozen=True)
class Ground:
    """The text under a memory: its document, which tokens stand for it, and how far it was read.

    `opening` is the number of tokens before the document, `end` the number of tokens read with
    them, `window` that of a window.
    """

    document: Document
    encoded: EncodedText
    opening: int
    end: int
    window: int

    def evidence(
        self,
        scores: Sequence[float] | Curve,
        spans: Sequence[tuple[int, int]],
        *,
        most: int = MOST,
        longest: int = LONGEST,
    ) -> Evidence:
        """The evidence in `scores`, one for each of the memory's entries; `spans` are their tokens.

        Passages take `longest` tokens at most and never reach past what was read.
        """
        density = self._density(np.asarray(scores, np.float64), spans)
        total = float(density.sum())
        if total <= 0:
            return Evidence()
        gathered = _gathered(density)
        mean = total / len(density)
        contrast = float(gathered.max()) / mean
        passages: list[Passage] = []
        tried = 0
        while len(passages) < most and gathered.max() > mean and tried < 4 * most:
            tried += 1
            peak = int(gathered.argmax())
            passage = self._passage(peak, density, total, longest)
            # Neighbours belong to the same passage; what is left of them is no peak of its own.
            gathered[max(0, peak - REACH) : peak + REACH + 1] = 0
            if all(passage.end <= p.start or p.end <= passage.start for p in passages):
                passages.append(passage)
        passages.sort(key=lambda passage: -passage.score)
        return Evidence(tuple(passages), self._by_window(density, total), contrast)

    def ids(self, passage: Passage) -> list[int]:
        """The token ids of a passage, as they were read."""
        first = self._token_at(passage.start)
        return self.encoded.ids[first : self.encoded.tokens_before(passage.end)]

    def wider(self, passage: Passage, longest: int) -> Passage:
        """The passage with whole sentences before and behind it, `longest` tokens at most in all.

        It is what it was where no whole sentence has room.
        """
        first, after = self._token_at(passage.start), self.encoded.tokens_before(passage.end)
        room = max(0, longest - (after - first))
        last = max(0, self.end - self.opening)
        low, _ = self.encoded.span(max(0, first - room // 2), last)
        begins = [m.end() for m in _BREAK.finditer(self.document.text, low, passage.start)]
        start = begins[0] if begins else passage.start
        room = max(0, longest - (after - self._token_at(start)))
        _, high = self.encoded.span(first, min(last, after + room))
        ends = [m.end() for m in _BREAK.finditer(self.document.text, passage.end, high)]
        end = ends[-1] if ends else passage.end
        behind = self.document.text[passage.end : end].rstrip()
        return replace(passage, start=start, end=passage.end + len(behind))

    def windows(self, passage: Passage) -> range:
        """The windows, counted from 0, in which a passage stands."""
        first = self.opening + self._token_at(passage.start)
        after = self.opening + self.encoded.tokens_before(passage.end)
        return range(first // self.window, max(first, after - 1) // self.window + 1)

    def _token_at(self, place: int) -> int:
        """The token that holds a character; a token begins with the space before its word."""
        return max(0, self.encoded.tokens_before(place + 1) - 1)

    def _density(self, scores: Curve, spans: Sequence[tuple[int, int]]) -> Curve:
        """Attention by token of the document, as far as it was read."""
        count = max(0, self.end - self.opening)
        places = np.asarray(spans[: len(scores)], np.int64).reshape(-1, 2) - self.opening
        places = places.clip(0, count)
        length = places[:, 1] - places[:, 0]
        share = np.divide(scores, length, out=np.zeros_like(scores), where=length > 0)
        steps = np.zeros(count + 1)
        np.add.at(steps, places[:, 0], share)
        np.add.at(steps, places[:, 1], -share)
        return np.maximum(np.cumsum(steps)[:count], 0)

    def _passage(self, peak: int, density: Curve, total: float, longest: int) -> Passage:
        start, end = self._around(peak, len(density), longest)
        first, after = self._token_at(start), self.encoded.tokens_before(end)
        middle, _ = self.encoded.span(peak, peak + 1)
        page = self.document.page_at(middle)
        chapter = self.document.chapter_at(middle)
        return Passage(
            start,
            end,
            page.label if page else "",
            chapter.label if chapter else "",
            float(density[first:after].sum()) / total,
        )

    def _around(self, peak: int, last: int, longest: int) -> tuple[int, int]:
        """The characters from the beginning of the peak's sentence to the end of a later one.

        Attention falls on the words that a question repeats; what it asks for mostly follows.
        """
        text = self.document.text
        begin, _ = self.encoded.span(max(0, peak - REACH // 4), last)
        sentence = _sentence_start(text, begin)
        first = max(self._token_at(sentence), peak - longest // 3)
        cut = first > self._token_at(sentence)
        start, limit = self.encoded.span(first, min(last, first + longest))
        _, least = self.encoded.span(first, min(last, peak + REACH // 4))
        ends = [match.end() for match in _BREAK.finditer(text, start, limit)]
        whole = [end for end in ends if end >= least]
        end = whole[-1] if whole else limit
        return _trimmed(text, start, end, cut_start=cut, cut_end=not whole and limit < len(text))

    def _by_window(self, density: Curve, total: float) -> tuple[float, ...]:
        edges = np.arange(0, len(density) + self.opening, self.window) - self.opening
        sums = np.add.reduceat(density, edges.clip(0, len(density) - 1))
        return tuple(float(share) for share in sums / total)


def _gathered(density: Curve) -> Curve:
    """The mean over about `REACH` tokens around each token, the nearest counting most."""
    return _mean(_mean(density, REACH // 2), REACH // 2)


def _mean(curve: Curve, reach: int) -> Curve:
    before = np.concatenate(([0.0], np.cumsum(curve)))
    places = np.arange(len(curve))
    first = (places - reach // 2).clip(0, len(curve))
    after = (places + reach - reach // 2).clip(0, len(curve))
    gathered: Curve = (before[after] - before[first]) / reach
    return gathered


def _sentence_start(text: str, place: int) -> int:
    """Where the sentence around `place` begins, or `place` where that is far."""
    low = max(0, place - _LOOK)
    begins = [match.end() for match in _BREAK.finditer(text, low, place + 1)]
    return begins[-1] if begins else (0 if low == 0 else place)


def _trimmed(text: str, start: int, end: int, *, cut_start: bool, cut_end: bool) -> tuple[int, int]:
    """[start, end) without white space at its edges, nor half words where it was cut."""
    if cut_start and (found := re.compile(r"\s").search(text, start, end)):
        start = found.end()
    if cut_end and not text[end : end + 1].isspace():
        space = max(text.rfind(letter, start, end) for letter in " \n")
        end = space if space > start else end
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
