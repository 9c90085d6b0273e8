"""Time to read against length of text, drawn for one shape.

Knows the figures of a run; matplotlib is imported only to draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BLUE, GREY, GREEN = "#1f5fa8", "#777777", "#3a8a4d"


def draw_curve(path: Path, name: str, ratio: int, found: Mapping[str, Any]) -> None:
    """Write a PNG to `path`: seconds against tokens, both logarithmic, and a straight line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    ours = _points(found["readings"], "whole", "sampled")
    _line(axes, ours, f"beacons, ratio {ratio}", BLUE, "o-")
    _line(axes, _points(found["readings"], "plain"), "full attention", GREY, "s-")
    if found["steep"]:
        label = f"beacons, ratio {found['steep'][0]['ratio']}"
        _line(axes, _points(found["steep"], "sampled"), label, GREEN, "^-")
    if ours:
        first, last = ours[0], ours[-1]
        straight = [first, (last[0], first[1] * last[0] / first[0])]
        _line(axes, straight, "linear in the text", "black", ":")
    axes.set(xscale="log", yscale="log", xlabel="tokens of text", ylabel="seconds to read")
    axes.set_xticks([tokens for tokens, _ in ours], [_thousands(tokens) for tokens, _ in ours])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.set_title(f"Reading with the {name} shape")
    axes.legend()
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _points(rows: Sequence[Mapping[str, Any]], *ways: str) -> list[tuple[int, float]]:
    """(tokens, seconds) of each row, from the first of `ways` that was measured."""
    points = []
    for row in rows:
        found = next((row[way] for way in ways if row[way]), None)
        if found:
            points.append((row["tokens"], found["seconds"]))
    return points


def _line(
    axes: Any, points: Sequence[tuple[int, float]], label: str, color: str, style: str
) -> None:
    if points:
        tokens, seconds = zip(*points, strict=True)
        axes.plot(tokens, seconds, style, label=label, color=color)


def _thousands(tokens: int) -> str:
    return f"{tokens // 1024}K" if tokens >= 1024 else str(tokens)
