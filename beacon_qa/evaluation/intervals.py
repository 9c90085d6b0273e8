"""Counts and measurements with their uncertainty.

Knows statistics; knows nothing of what is counted or how it is written. Shares carry Wilson's
interval; means, and ratios of means, the percentiles of a bootstrap over their items, in which
what was measured on one item stays together. All intervals are of 95%.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959964
"""The 97.5th percentile of the normal distribution: 95% lie within it on both sides."""

_DRAWS = 2000
_TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Share:
    """`right` of `asked`, and the Wilson 95% interval of the share (from 0 to 1)."""

    right: int
    asked: int

    @property
    def value(self) -> float:
        """The share itself; 0 where nothing was asked."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the interval."""
        if not self.asked:
            return 0.0, 1.0
        n, spread = self.asked, _Z * _Z / self.asked
        middle = (self.value + spread / 2) / (1 + spread)
        reach = _Z * math.sqrt(self.value * (1 - self.value) / n + spread / (4 * n)) / (1 + spread)
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Estimate:
    """A value measured on `items` items; `interval` is None where one cannot be told."""

    value: float
    interval: tuple[float, float] | None
    items: int

    def below(self, bound: float) -> bool:
        """Whether the whole interval lies below `bound`."""
        return self.interval is not None and self.interval[1] < bound


def share_of(right: Sequence[bool]) -> Share:
    """The share of True among what was asked."""
    return Share(sum(right), len(right))


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean of what was measured on each item; raises ValueError for no items."""
    found = np.asarray(values, np.float64)
    if not found.size:
        raise ValueError("There is no mean of nothing.")
    if found.size < 2:
        return Estimate(float(found[0]), None, 1)
    means = found[_draws(found.size)].mean(axis=1)
    return Estimate(float(found.mean()), _percentiles(means), found.size)


def ratio_of(over: Sequence[float], under: Sequence[float]) -> Estimate | None:
    """The mean of `over` as a part of the mean of `under`, item by item the same; None over 0."""
    pairs = np.array([over, under], np.float64)
    items = pairs.shape[1]
    if not items or pairs[1].sum() == 0:
        return None
    value = float(pairs[0].sum() / pairs[1].sum())
    if items < 2:
        return Estimate(value, None, items)
    sums = pairs[:, _draws(items)].sum(axis=2)
    usable = sums[1] != 0
    return Estimate(value, _percentiles(sums[0][usable] / sums[1][usable]), items)


def _draws(items: int) -> NDArray[np.int64]:
    """Items drawn with replacement, (draws, items); the same for as many items every time."""
    drawn: NDArray[np.int64] = np.random.default_rng(0).integers(0, items, (_DRAWS, items))
    return drawn


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, _TAILS)
    return float(low), float(high)
