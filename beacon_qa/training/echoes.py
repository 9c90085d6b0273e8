"""Training samples that tell what was condensed once more, word for word: reconstruction.

Some windows of prose, of invented facts and of random tokens, then pieces of them in any order:

    prose, random, facts, prose ... | piece, piece, piece ...

Random tokens can be known from memory alone, so that every one of them teaches condensing; facts
are full of the names and numbers that are asked for. Knows prose, facts and a vocabulary; knows
nothing of the other kinds of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Sample, Weights
from beacon_qa.training.planting import Planting
from beacon_qa.training.prose import Prose
from beacon_qa.training.vocabulary import DOC

RANDOM, FACTS = 0.4, 0.35
"""How often a stretch of the source is of random tokens, and of facts; the others are of prose."""

_STRETCH = (12, 64)
_PIECE = (5, 48)

_UNKNOWN = 2
"""Tokens that begin a piece and are not predicted: nothing tells which piece it will be."""


@dataclass(frozen=True)
class Echoes:
    """Makes such samples for windows of `window` tokens and a vocabulary of `size`."""

    prose: Prose
    planting: Planting
    size: int
    window: int

    def sample(self, n: int, rng: np.random.Generator, weights: Weights) -> Sample:
        """A sample of n tokens, of which the first windows, at most half of n, are the source."""
        ids = np.zeros(n, np.int64)
        marks = np.zeros(n, np.float32)
        most = max(1, n // 2 // self.window)
        source = min(n // 2, self.window * int(rng.integers(1, most + 1)))
        ids[:source] = self._source(source, rng)
        for first, end in _cut(source, n, _PIECE, rng):
            start = int(rng.integers(1, source - (end - first) + 1))
            ids[first:end] = ids[start : start + end - first]
            marks[first + _UNKNOWN : end] = weights.repeat
        return Sample(ids, marks)

    def _source(self, length: int, rng: np.random.Generator) -> NDArray[np.int64]:
        ids = np.full(length, DOC, np.int64)
        for first, end in _cut(1, length, _STRETCH, rng):
            drawn = rng.random()
            if drawn < RANDOM:
                ids[first:end] = rng.integers(DOC + 1, self.size, end - first)
            elif drawn < RANDOM + FACTS:
                ids[first:end] = self._told(end - first, rng)
            else:
                ids[first:end] = self.prose.stretch(rng, end - first)
        return ids

    def _told(self, length: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """So many tokens of facts, one after another; the last may be cut."""
        told: list[int] = []
        while len(told) < length:
            for item in self.planting.facts(rng, max(1, (length - len(told)) // 8), 0):
                told += [int(token) for token in item.statement]
        return np.array(told[:length], np.int64)


def _cut(
    start: int, end: int, sizes: tuple[int, int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Places [first, end) of pieces that fill [start, end), of sizes in a range, small ones more.

    The logarithm of a size is about uniform.
    """
    pieces = []
    low, high = np.log(sizes)
    while start < end:
        stop = min(end, start + int(np.exp(rng.uniform(low, high))))
        pieces.append((start, stop))
        start = stop
    return pieces
