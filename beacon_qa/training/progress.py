"""What a training run tells while it goes on, and at its end: its log, made readable.

Knows the rows of a log; knows nothing of models.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EVERY = 10.0
"""Seconds between two progress lines."""


def teller(steps: int, note: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    """A callback for the trainer that notes a line now and then: step, loss, speed, time left."""
    last, pending = time.monotonic(), 0
    losses: list[float] = []

    def tell(row: dict[str, Any]) -> None:
        nonlocal last, pending
        pending += row["tokens"]
        losses.append(row["loss"])
        now, done = time.monotonic(), row["step"] + 1
        if now - last < _EVERY and done < steps:
            return
        left = (steps - done) * (now - last) / len(losses)
        mean = sum(losses) / len(losses)
        note(
            f"step {done} of {steps}: loss {mean:.3f} over {len(losses)} steps, "
            f"{pending / max(now - last, 1e-6):.0f} tokens/s, {_duration(left)} left"
        )
        last, pending = now, 0
        losses.clear()

    return tell


def loss_by_ratio(log: Path, last: int = 500) -> dict[str, tuple[float, int]]:
    """Mean loss by ratio over the last steps of a log, and how many steps that is.

    A step done twice, by a run that was killed and resumed, counts as it was done last.
    """
    rows = {row["step"]: row for row in map(json.loads, log.read_text("utf-8").splitlines())}
    losses: dict[str, list[float]] = {}
    for step in sorted(rows)[-last:]:
        losses.setdefault(rows[step]["ratio"], []).append(rows[step]["loss"])
    found = {ratio: (sum(v) / len(v), len(v)) for ratio, v in losses.items()}
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def ratio_table(log: Path) -> str:
    """Loss by ratio as lines to be read."""
    lines = ["loss by ratio over the last steps:"]
    for ratio, (loss, steps) in loss_by_ratio(log).items():
        lines.append(f"  {ratio:>5}  {loss:.3f}  ({steps} steps)")
    return "\n".join(lines)


def _order(ratio: str) -> tuple[int, str]:
    return (int(ratio), "") if ratio.isdigit() else (0 if ratio == "plain" else 1 << 20, ratio)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
