"""Runs of a few steps, the batches they are given, and the log they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from beacon_qa.training.batches import Batch
from beacon_qa.training.trainer import Plan

PLAN = Plan(steps=6, learning_rate=1e-2, warmup=1, ratios=(2, 4), save_every=1e9)
Batches = Callable[[int], Iterator[Batch]]


def batch(step: int, rows: int = 2, tokens: int = 96) -> Batch:
    """Batch number `step`: counting upwards from a place drawn, as if it were text."""
    rng = np.random.default_rng((9, step))
    starts = rng.integers(10, 3000, (rows, 1))
    return Batch(starts + np.arange(tokens) % 24, np.ones((rows, tokens), np.float32))


def different(first: int) -> Iterator[Batch]:
    """Another batch each step."""
    while True:
        yield batch(first)
        first += 1


def repeated(first: int) -> Iterator[Batch]:
    """The same batch each step."""
    while True:
        yield batch(0)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
