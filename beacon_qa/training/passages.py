"""Which part of a text is read for a question: where its answer stands, and how much around it.

Knows tokens and places; knows nothing of samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Span, Tokens


def words_in(text: NDArray[np.uint16], answer: Tokens) -> Span | None:
    """Where an answer's words first stand in a text, if they do."""
    words = np.asarray(answer, np.uint16)
    if not 0 < len(words) <= len(text):
        return None
    for begin in np.flatnonzero(text[: len(text) - len(words) + 1] == words[0]):
        if np.array_equal(text[begin : begin + len(words)], words):
            return int(begin), int(begin) + len(words)
    return None


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
