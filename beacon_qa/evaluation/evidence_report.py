"""The figures on evidence and looking back as Markdown, JSON, a heat map and a list of failures.

Knows what was found and told; knows nothing of models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from beacon_qa.evaluation.intervals import Share
from beacon_qa.evaluation.lookback import Found
from beacon_qa.evaluation.plots import HeatMaps, draw

_DEPTHS = 4
"""Into how many parts a text is cut to show figures by depth."""

_WAYS = ("memory", "narrow", "look back", "auto", "oracle", "in window", "full", "closed book")


def write_evidence_report(folder: Path, about: Mapping[str, Any], found: Sequence[Found]) -> Path:
    """Write evidence.md, .json and -failures.jsonl into `folder`; returns evidence.md's path."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = [f"- {key}: {json.dumps(value)}" for key, value in about.items()]
    parts = ["# Evidence and looking back\n", *facts, place_table(found), answer_table(found)]
    path = folder / "evidence.md"
    path.write_text("\n".join(parts) + "\n", "utf-8")
    figures = {"about": dict(about), "found": [asdict(one) for one in found]}
    (folder / "evidence.json").write_text(json.dumps(figures, indent=1), "utf-8")
    wrong = [one for one in found if one.rank > 2 or not _right(one, "look back")]
    lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in wrong)
    (folder / "evidence-failures.jsonl").write_text("".join(lines), "utf-8")
    return path


def place_table(found: Sequence[Found]) -> str:
    """How often the right stretch was first and among three: attention, BM25 and chance."""
    lines = [
        "\n## The right stretch\n",
        "| ratio | windows | asked | first | among 3 | BM25 first | BM25 among 3 | chance, 3 | "
        + " | ".join(f"among 3, {d}" for d in _depth_names())
        + " |",
        "|" + "---|" * (8 + _DEPTHS),
    ]
    for (ratio, windows), cell in _cells(found).items():
        shares = [
            Share(sum(one.rank == 0 for one in cell), len(cell)),
            Share(sum(one.rank < 3 for one in cell), len(cell)),
            Share(sum(one.bm25 == 0 for one in cell), len(cell)),
            Share(sum(one.bm25 < 3 for one in cell), len(cell)),
        ]
        chance = sum(one.chance for one in cell) / len(cell)
        parts = [[one.rank < 3 for one in cell if _part(one) == d] for d in range(_DEPTHS)]
        by_depth = [f"{sum(part)} of {len(part)}" for part in parts]
        told = [*(_written(share) for share in shares), f"{chance:.1%}", *by_depth]
        lines.append(f"| {ratio} | {windows} | {len(cell)} | " + " | ".join(told) + " |")
    return "\n".join(lines)


def answer_table(found: Sequence[Found]) -> str:
    """Whether the right stretch was read again; right answers, F1 and seconds by condition."""
    cells = {key: [one for one in cell if one.told] for key, cell in _cells(found).items()}
    lines = [
        "\n## Right answers (F1, seconds an answer)\n",
        "| ratio | windows | asked | read again | " + " | ".join(_WAYS) + " |",
        "|" + "---|" * (4 + len(_WAYS)),
    ]
    for (ratio, windows), cell in cells.items():
        if cell:
            told = " | ".join(_condition(cell, way) for way in _WAYS)
            again = _written(Share(sum(one.read_again is True for one in cell), len(cell)))
            lines.append(f"| {ratio} | {windows} | {len(cell)} | {again} | {told} |")
    return "\n".join(lines) if len(lines) > 3 else ""


def plot_evidence(path: Path, found: Sequence[Found]) -> bool:
    """A heat map: the share of right stretches among three, by depth and by ratio and length.

    False, and nothing drawn, where matplotlib is missing.
    """
    cells = _cells(found)
    rows = []
    for cell in cells.values():
        parts = [[one.rank < 3 for one in cell if _part(one) == d] for d in range(_DEPTHS)]
        rows.append([sum(part) / len(part) if part else None for part in parts])
    names = [f"ratio {ratio}, {windows} windows" for ratio, windows in cells]
    maps = {"The right stretch is among the first three": rows}
    return draw(path, HeatMaps("depth in the text", "", _depth_names(), names, maps))


def _condition(cell: Sequence[Found], way: str) -> str:
    told = [entry for one in cell for entry in one.told if entry[0] == way]
    if not told:
        return "-"
    share = Share(sum(right for _, _, right, _, _ in told), len(told))
    f1 = sum(entry[3] for entry in told) / len(told)
    seconds = sum(entry[4] for entry in told) / len(told)
    return f"{_written(share)} ({f1:.2f}, {seconds:.2f})"


def _written(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.0%} [{low:.0%}, {high:.0%}]"


def _right(found: Found, way: str) -> bool:
    return any(entry[2] for entry in found.told if entry[0] == way) or not found.told


def _cells(found: Iterable[Found]) -> dict[tuple[int, int], list[Found]]:
    cells: dict[tuple[int, int], list[Found]] = {}
    for one in found:
        cells.setdefault((one.ratio, one.windows), []).append(one)
    return cells


def _part(found: Found) -> int:
    return min(_DEPTHS - 1, int(found.depth * _DEPTHS))


def _depth_names() -> list[str]:
    return [f"{100 * d // _DEPTHS} to {100 * (d + 1) // _DEPTHS}%" for d in range(_DEPTHS)]
