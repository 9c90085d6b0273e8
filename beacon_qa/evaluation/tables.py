"""Counts into shares with their uncertainty, and answers into cells of a table.

Knows statistics and answers; knows nothing of how they are written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beacon_qa.evaluation.planted import Asked

_Z = 1.959964
"""The 97.5th percentile of the normal distribution: 95% lie within it on both sides."""


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
class Cell:
    """The share of right answers under one condition."""

    condition: str
    ratio: int | None
    distance: int | None
    share: Share


def cells(answers: Iterable[Asked]) -> list[Cell]:
    """One cell for each condition, ratio and distance, in the order they were asked in."""
    counts: dict[tuple[str, int | None, int | None], list[bool]] = {}
    for asked in answers:
        counts.setdefault((asked.condition, asked.ratio, asked.distance), []).append(asked.right)
    return [Cell(*key, Share(sum(right), len(right))) for key, right in counts.items()]


def share_of(found: Sequence[Cell], condition: str, ratio: int | None = None) -> Share:
    """The share over all distances of a condition, and of one ratio where it is given."""
    chosen = [
        cell.share
        for cell in found
        if cell.condition == condition and (ratio is None or cell.ratio == ratio)
    ]
    return Share(sum(s.right for s in chosen), sum(s.asked for s in chosen))


def mean_and_reach(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and how far the 95% interval of the mean reaches on both sides of it."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, math.inf
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, _Z * math.sqrt(variance / len(values))
