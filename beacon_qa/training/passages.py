"""Which part of a text is read for a question: where its answer stands, and how much around it.

Knows tokens and places; knows nothing of samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Span, Tokens

_COMMON = 300
"""Ids below this are bytes and the shortest words, which say nothing of what a text is about."""


def words_in(text: NDArray[np.uint16], answer: Tokens) -> Span | None:
    """Where an answer's words first stand in a text, if they do."""
    words = np.asarray(answer, np.uint16)
    if not 0 < len(words) <= len(text):
        return None
    for begin in np.flatnonzero(text[: len(text) - len(words) + 1] == words[0]):
        if np.array_equal(text[begin : begin + len(words)], words):
            return int(begin), int(begin) + len(words)
    return None


def closest(text: NDArray[np.uint16], words: Tokens, size: int) -> Span:
    """The stretch of `size` tokens of a longer text that has most of some words.

    Common words do not count. Of several such stretches the middle one.
    """
    telling = [token for token in words if token >= _COMMON]
    shared = np.isin(text, telling).astype(np.int64)
    counts = np.convolve(shared, np.ones(size, np.int64), "valid")
    best = np.flatnonzero(counts == counts.max())
    start = int(best[len(best) // 2])
    return start, start + size


def widened(
    span: Span, room: int, length: int, rng: np.random.Generator, *, full: bool = False
) -> Span:
    """A span of a text of `length` with some of what stands around it.

    `room` tokens at most, and no fewer where it is to be `full` and the text does not end.
    """
    most = max(0, room - (span[1] - span[0]))
    more = most if full else int(rng.integers(most + 1))
    before = int(rng.integers(more + 1))
    return max(0, span[0] - before), min(length, span[1] + more - before)
