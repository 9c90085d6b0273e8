"""Answers that are right or wrong, by how the text was read, its length and the depth asked about.

Knows answers and their tables; knows nothing of models or of where the questions come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from beacon_qa.evaluation.intervals import Share, share_of
from beacon_qa.evaluation.plots import HeatMaps
from beacon_qa.evaluation.tables import figures, percent, table

MEMORY, NARROW, LOOK_BACK = "memory", "memory, narrowed", "look back"
FULL, IN_WINDOW, NOT_TOLD, CLOSED = "full attention", "in window", "not told", "closed book"

CONDENSED: Mapping[str, str] = {
    MEMORY: "From memory alone",
    NARROW: "From the memory of the windows that the question finds, alone",
    LOOK_BACK: "Looking back (the passages the question finds are read again)",
}
"""How a question is put to a condensed text."""

BASELINES: Mapping[str, str] = {
    FULL: "every token kept (plain model, full attention)",
    IN_WINDOW: "what is asked about in the raw window",
    NOT_TOLD: "the same text without it (chance)",
    CLOSED: "the question alone",
}


@dataclass(frozen=True)
class Marked:
    """One answer; `ratio` and `depth` are None where they have no meaning, `windows` is the text's.

    `extra` has marks of other kinds, from 0 to 1, by name.
    """

    way: str
    ratio: int | None
    windows: int
    depth: float | None
    question: str
    wanted: tuple[str, ...]
    answer: str
    right: bool
    extra: tuple[tuple[str, float], ...] = ()


def ratio_table(answers: Sequence[Marked], way: str, lengths: Sequence[int]) -> str:
    """Right answers by ratio and by length, over all depths."""
    rows = [
        [str(ratio), *(percent(_share(answers, way, ratio, length)) for length in lengths)]
        for ratio in ratios_in(answers)
    ]
    return table(["ratio \\ windows", *map(str, lengths)], rows)


def baseline_table(answers: Sequence[Marked], lengths: Sequence[int]) -> str:
    """What the memory is to be compared with, by length."""
    rows = [
        [name, *(percent(_share(answers, way, None, length)) for length in lengths)]
        for way, name in BASELINES.items()
        if any(one.way == way for one in answers)
    ]
    return table(["compared with", *map(str, lengths)], rows)


def heat_maps(answers: Sequence[Marked], way: str, lengths: Sequence[int]) -> HeatMaps:
    """The share right by depth and length, a map for each ratio; full attention beside them."""
    depths = sorted({one.depth for one in answers if one.depth is not None})
    maps = {
        f"{way}, ratio {ratio}": _map(answers, way, ratio, depths, lengths)
        for ratio in ratios_in(answers)
    }
    if any(one.way == FULL for one in answers):
        maps[FULL] = _map(answers, FULL, None, depths, lengths)
    return HeatMaps(
        "windows of text",
        "depth in the text",
        [str(length) for length in lengths],
        [f"{depth:.0%}" for depth in depths],
        maps,
    )


def cells(answers: Iterable[Marked]) -> list[dict[str, Any]]:
    """Every cell, by way, ratio, length and depth, for JSON."""
    found: dict[tuple[str, int | None, int, float | None], list[bool]] = {}
    for one in answers:
        found.setdefault((one.way, one.ratio, one.windows, one.depth), []).append(one.right)
    return [
        {
            "way": way,
            "ratio": ratio,
            "windows": windows,
            "depth": depth,
            "right": figures(share_of(right)),
        }
        for (way, ratio, windows, depth), right in found.items()
    ]


def failures(answers: Iterable[Marked]) -> list[dict[str, Any]]:
    """The wrong answers where a right one was to be hoped for."""
    hoped = (*CONDENSED, FULL, IN_WINDOW)
    return [asdict(one) for one in answers if not one.right and one.way in hoped]


def ratios_in(answers: Iterable[Marked]) -> list[int]:
    """The ratios asked at, in order."""
    return sorted({one.ratio for one in answers if one.ratio is not None and one.way == MEMORY})


def _map(
    answers: Sequence[Marked],
    way: str,
    ratio: int | None,
    depths: Sequence[float],
    lengths: Sequence[int],
) -> list[list[float | None]]:
    cells = [[_share(answers, way, ratio, length, depth) for length in lengths] for depth in depths]
    return [[cell.value if cell else None for cell in row] for row in cells]


def _share(
    answers: Iterable[Marked],
    way: str,
    ratio: int | None,
    windows: int,
    depth: float | None = None,
) -> Share | None:
    right = [
        one.right
        for one in answers
        if (one.way, one.ratio, one.windows) == (way, ratio, windows)
        and (depth is None or one.depth == depth)
    ]
    return share_of(right) if right else None


def headlines(answers: Sequence[Marked], what: str, windows: int) -> list[str]:
    """A sentence on what each way of asking a condensed text gives at this length, by ratio."""
    told = []
    for way in CONDENSED:
        if any(one.way == way for one in answers):
            parts = [
                f"ratio {ratio}: {percent(_share(answers, way, ratio, windows))}"
                for ratio in ratios_in(answers)
            ]
            shares = "; ".join(parts)
            told.append(f"{what}, {way}, at {windows} windows, over all depths: {shares}.")
    return told
