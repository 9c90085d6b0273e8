"""The outcome of an evaluation as one page, its figures as JSON, its failures and its plots.

Knows outcomes and files; knows nothing of how anything was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beacon_qa.evaluation.outcome import Outcome
from beacon_qa.evaluation.plots import MISSING, draw


def write_report(folder: Path, about: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Path:
    """Write report.md, report.json, failures.jsonl and the plots into `folder`.

    Returns report.md's path. Figures that Markdown rounds are whole in report.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {outcome.name: _plots(folder, outcome) for outcome in outcomes}
    parts = ["# Evaluation", "\n".join(f"- {key}: {_said(about[key])}" for key in about)]
    headlines = [f"- {line}" for outcome in outcomes for line in outcome.headlines]
    parts += ["\n".join(headlines)] if headlines else []
    for outcome in outcomes:
        parts += [f"## {outcome.title}", outcome.text, *drawn[outcome.name]]
    path = folder / "report.md"
    path.write_text("\n\n".join(parts) + "\n", "utf-8")
    figures = {"about": dict(about), **{one.name: dict(one.figures) for one in outcomes}}
    (folder / "report.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False), "utf-8")
    lines = [
        json.dumps({"measure": outcome.name, **failure}, ensure_ascii=False)
        for outcome in outcomes
        for failure in outcome.failures
    ]
    (folder / "failures.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def _plots(folder: Path, outcome: Outcome) -> list[str]:
    """The lines that show an outcome's plots, once they are drawn."""
    shown = []
    for name, plot in outcome.plots.items():
        if not draw(folder / f"{name}.png", plot):
            return [MISSING]
        shown.append(f"![{outcome.title}]({name}.png)")
    return shown


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
