"""Figures as the cells of Markdown tables.

Knows shares, estimates and how they are written; knows nothing of what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from beacon_qa.evaluation.intervals import Estimate, Share


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)])


def percent(share: Share | None) -> str:
    """A share with its counts and interval: "80% (8/10) [49, 94]"; "" for none."""
    if share is None or not share.asked:
        return ""
    low, high = (round(100 * end) for end in share.interval)
    return f"{100 * share.value:.0f}% ({share.right}/{share.asked}) [{low}, {high}]"


def written(estimate: Estimate | None, form: str = ".3f") -> str:
    """An estimate with its interval: "0.512 [0.478, 0.549]"; "" for none."""
    if estimate is None:
        return ""
    if estimate.interval is None:
        return f"{estimate.value:{form}}"
    low, high = estimate.interval
    return f"{estimate.value:{form}} [{low:{form}}, {high:{form}}]"


def perplexity(loss: float) -> str:
    """A loss in nats a token with its perplexity: "4.712 (111.3)"."""
    return f"{loss:.3f} ({math.exp(loss):.1f})"


def figures(estimate: Estimate | Share | None) -> dict[str, Any] | None:
    """An estimate or share for JSON."""
    if estimate is None:
        return None
    low, high = estimate.interval or (None, None)
    items = estimate.asked if isinstance(estimate, Share) else estimate.items
    return {"value": estimate.value, "low": low, "high": high, "items": items}


def _row(words: Sequence[str]) -> str:
    return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |"
