"""Plots of an evaluation: lines with their intervals, and heat maps.

Knows numbers and labels. matplotlib is asked for only here, when a plot is drawn; without it the
tables are still written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon_qa.evaluation.intervals import Estimate

MISSING = "No plots: matplotlib is not installed. Get it with: pip install 'beacon-qa[plots]'"
"""What is told where matplotlib is missing."""


@dataclass(frozen=True)
class Lines:
    """One line a name over places named by `along`; `level` lines are drawn across, dashed."""

    title: str
    across: str
    up: str
    along: Sequence[str]
    lines: Mapping[str, Sequence[Estimate | None]]
    level: Mapping[str, float]

    def draw(self, axes: Any) -> None:
        """Draw on matplotlib's axes."""
        for name, values in self.lines.items():
            known = [(place, value) for place, value in enumerate(values) if value is not None]
            places = [place for place, _ in known]
            (drawn,) = axes.plot(places, [v.value for _, v in known], marker="o", ms=3, label=name)
            ends = [v.interval or (v.value, v.value) for _, v in known]
            lows, highs = [low for low, _ in ends], [high for _, high in ends]
            axes.fill_between(places, lows, highs, alpha=0.1, color=drawn.get_color(), lw=0)
        for place, (name, value) in enumerate(self.level.items()):
            axes.axhline(value, ls=("--", ":", "-.")[place % 3], color="black", lw=1, label=name)
        axes.set_xticks(range(len(self.along)), self.along)
        axes.set_xlabel(self.across)
        axes.set_ylabel(self.up)
        axes.set_title(self.title)
        axes.legend(fontsize="small", ncols=2)

    @property
    def size(self) -> tuple[float, float]:
        """Inches."""
        return 7.0, 4.2


@dataclass(frozen=True)
class HeatMaps:
    """Shares from 0 to 1, one map a name: a row for each of `down`, None where none was asked."""

    across: str
    up: str
    along: Sequence[str]
    down: Sequence[str]
    maps: Mapping[str, Sequence[Sequence[float | None]]]

    def draw(self, axes: Any) -> None:
        """Draw on matplotlib's axes, one for each map."""
        picture = None
        for one, (name, rows) in zip(axes.flat, self.maps.items(), strict=False):
            cells = [[math.nan if cell is None else cell for cell in row] for row in rows]
            picture = one.imshow(cells, vmin=0, vmax=1, cmap="viridis", aspect="auto")
            one.set_title(name, fontsize="medium")
            one.set_xticks(range(len(self.along)), self.along, fontsize="small")
            one.set_yticks(range(len(self.down)), self.down, fontsize="small")
        for unused in axes.flat[len(self.maps) :]:
            unused.set_visible(False)
        axes.flat[0].figure.supxlabel(self.across)
        axes.flat[0].figure.supylabel(self.up)
        if picture is not None:
            axes.flat[0].figure.colorbar(picture, ax=axes.ravel().tolist(), label="share right")

    @property
    def columns(self) -> int:
        """Maps beside each other."""
        return min(3, len(self.maps))

    @property
    def size(self) -> tuple[float, float]:
        """Inches."""
        rows = -(-len(self.maps) // self.columns)
        wide = max(3.0, 0.9 * len(self.along)) * self.columns
        return 1.5 + wide, 0.6 + (0.9 + 0.25 * len(self.down)) * rows


Plot = Lines | HeatMaps


def draw(path: Path, plot: Plot) -> bool:
    """Draw a plot to a PNG; False, and nothing drawn, where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=plot.size, layout="constrained")
    if isinstance(plot, Lines):
        plot.draw(figure.subplots())
    else:
        rows = -(-len(plot.maps) // plot.columns)
        plot.draw(figure.subplots(rows, plot.columns, squeeze=False, sharey=True))
    figure.savefig(path, dpi=110)
    return True
