"""Samples in which runs of tokens come again later: what teaches copying, in the window and beyond.

Knows ids and their weights; knows nothing of where they come from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beacon_qa.training.drafts import Sample, Weights
from beacon_qa.training.vocabulary import DOC


def repeated(sample: Sample, rng: np.random.Generator, size: int, weights: Weights) -> Sample:
    """A sample, changed in place, with runs of it again; half of them random, of `size` tokens."""
    ids, marks, _ = sample
    free = np.ones(len(ids), np.bool_)
    free[0] = False
    for _ in range(max(4, len(ids) // 32)):
        _copy_a_run(ids, marks, free, rng, size, weights.repeat)
    return Sample(ids, marks)


def log_uniform(rng: np.random.Generator, low: int, high: int) -> int:
    """An integer from `low` to `high` whose logarithm is about uniform."""
    return min(high, int(np.exp(rng.uniform(np.log(low), np.log(high + 1)))))


def _copy_a_run(
    ids: NDArray[np.int64],
    marks: NDArray[np.float32],
    free: NDArray[np.bool_],
    rng: np.random.Generator,
    size: int,
    weight: float,
) -> None:
    """Write a run of what stands somewhere in `ids` once more at a later free place."""
    n = len(ids)
    run = log_uniform(rng, 8, max(8, min(512, n // 4)))
    distance = log_uniform(rng, run, n - 1 - run)
    start = int(rng.integers(1, n - run - distance + 1))
    first, second = slice(start, start + run), slice(start + distance, start + distance + run)
    if not (free[first].all() and free[second].all()):
        return
    if rng.random() < 0.5:
        ids[first] = rng.integers(DOC + 1, size, run)
        marks[first] = 0
    ids[second] = ids[first]
    marks[second] = weight
    # Nothing tells that a copy begins: its first two tokens cannot be known.
    marks[second.start : second.start + 2] = 0
    free[first] = free[second] = False
