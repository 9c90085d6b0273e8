"""The figures of an evaluation as Markdown and JSON.

Knows answers, losses and their tables; knows nothing of models.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from beacon_qa.evaluation.perplexity import FULL_ATTENTION, Scored
from beacon_qa.evaluation.planted import Asked
from beacon_qa.evaluation.tables import Cell, Share, cells, mean_and_reach, share_of

_CONDITIONS = {
    "full": "every token kept (plain model, full attention)",
    "in window": "the fact in the raw window",
    "not told": "the same prose without the fact (chance)",
    "closed book": "the question alone",
}


def write_report(
    folder: Path,
    about: Mapping[str, Any],
    answers: Sequence[Asked] = (),
    scores: Sequence[Scored] = (),
) -> Path:
    """Write report.md, report.json and failures.jsonl into `folder`; returns report.md's path."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {key: json.dumps(value) for key, value in about.items()}
    parts = ["# Evaluation\n", *(f"- {key}: {value}" for key, value in facts.items())]
    if answers:
        parts.append(planted_table(cells(answers)))
    if scores:
        parts.append(loss_table(scores))
    (folder / "report.md").write_text("\n".join(parts) + "\n", "utf-8")
    figures = {
        "about": dict(about),
        "planted": [_cell(cell) for cell in cells(answers)],
        "loss": [asdict(scored) for scored in scores],
    }
    (folder / "report.json").write_text(json.dumps(figures, indent=1), "utf-8")
    wrong = [asked for asked in answers if not asked.right and asked.condition in _COUNTED]
    lines = (json.dumps(asdict(asked), ensure_ascii=False) + "\n" for asked in wrong)
    (folder / "failures.jsonl").write_text("".join(lines), "utf-8")
    return folder / "report.md"


_COUNTED = ("memory", "full", "in window")
"""Conditions in which a wrong answer is a failure."""


def planted_table(found: Sequence[Cell]) -> str:
    """Right answers by ratio and distance, and what they are to be compared with."""
    lines = [
        "\n## Planted facts, asked from memory\n",
        "Right answers (the value named), 95% interval in brackets; distance in windows between "
        "the fact and the question.\n",
        *_by_distance(found),
        "\n" + _row("compared with", "right"),
        _row("---", "---"),
    ]
    for condition, name in _CONDITIONS.items():
        share = share_of(found, condition)
        if share.asked:
            lines.append(_row(name, _percent(share)))
    return "\n".join(lines)


def _by_distance(found: Sequence[Cell]) -> list[str]:
    memory = [cell for cell in found if cell.condition == "memory"]
    ratios = sorted({cell.ratio for cell in memory if cell.ratio is not None})
    distances = sorted({cell.distance for cell in memory if cell.distance is not None})
    by = {(cell.ratio, cell.distance): cell.share for cell in memory}
    lines = [
        _row("ratio", *map(str, distances), "all"),
        _row(*["---"] * (len(distances) + 2)),
    ]
    for ratio in ratios:
        shares = [by[ratio, distance] for distance in distances if (ratio, distance) in by]
        total = share_of(found, "memory", ratio)
        lines.append(_row(str(ratio), *map(_percent, shares), _percent(total)))
    return lines


def loss_table(scores: Sequence[Scored]) -> str:
    """Mean loss of the same tokens by ratio and number of windows read before them."""
    losses: dict[tuple[int | None, int], list[float]] = {}
    for scored in scores:
        losses.setdefault((scored.ratio, scored.windows), []).append(scored.loss)
    base = losses.pop((None, 1))
    mean, reach = mean_and_reach(base)
    return "\n".join(
        [
            "\n## Loss by windows of text read before\n",
            f"Nats a token (perplexity), the same tokens in every cell: {len(base)} windows.\n",
            f"Plain model truncated to its window: {_loss(mean)} ± {reach:.3f}\n",
            *_by_length(losses, lambda cell: _loss(mean_and_reach(cell)[0])),
            "\nDifference to the truncated plain model, paired, with its 95% interval:\n",
            *_by_length(losses, lambda cell: _difference(cell, base)),
        ]
    )


def _by_length(
    losses: Mapping[tuple[int | None, int], Sequence[float]],
    told: Callable[[Sequence[float]], str],
) -> list[str]:
    lengths = sorted({length for _, length in losses})
    lines = [_row("ratio", *map(str, lengths)), _row(*["---"] * (len(lengths) + 1))]
    for ratio in sorted({ratio for ratio, _ in losses if ratio is not None}):
        name = "none (full attention)" if ratio == FULL_ATTENTION else str(ratio)
        found = [losses.get((ratio, length)) for length in lengths]
        lines.append(_row(name, *("" if cell is None else told(cell) for cell in found)))
    return lines


def _difference(losses: Sequence[float], base: Sequence[float]) -> str:
    mean, reach = mean_and_reach([a - b for a, b in zip(losses, base, strict=True)])
    return f"{mean:+.3f} ± {reach:.3f}"


def _loss(value: float) -> str:
    return f"{value:.3f} ({math.exp(value):.1f})"


def _percent(share: Share) -> str:
    low, high = (round(100 * end) for end in share.interval)
    return f"{100 * share.value:.0f}% ({share.right}/{share.asked}) [{low}, {high}]"


def _row(*words: str) -> str:
    return "| " + " | ".join(words) + " |"


def _cell(cell: Cell) -> dict[str, Any]:
    low, high = cell.share.interval
    return {
        "condition": cell.condition,
        "ratio": cell.ratio,
        "distance": cell.distance,
        "right": cell.share.right,
        "asked": cell.share.asked,
        "low": round(low, 4),
        "high": round(high, 4),
    }
