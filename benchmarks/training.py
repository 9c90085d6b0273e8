"""What teaching beacons costs: a step's seconds against its bare matrix products, and its memory.

    python -m benchmarks.training --shape 100m --tokens 8192

Each case runs in a process of its own, so that its peak of memory is its own. The products are
those of a step with a frozen base, each at its own shape: forward, backward to the inputs, and
forward once more where windows are recomputed. No softmax, no loss, no optimiser, no Python.
Seconds are the processor's own, on one thread, so that others on the machine hardly matter.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beacon_qa.beacon import load_model
from beacon_qa.training.beacons import float_beacons
from beacon_qa.training.trainer import Batch, Plan, train
from benchmarks.floor import TILE_KEYS, TILE_ROWS
from benchmarks.formulas import Dimensions, mean_keys
from benchmarks.shapes import SHAPES, random_ids, write_checkpoint
from benchmarks.timing import Peak

RATIO = 8
_COLUMNS = ("way", "tokens/s", "floor, tokens/s", "reached", "memory beyond the weights")


def step_products(sizes: Dimensions, vocabulary: int, tokens: int, window: int) -> dict[str, float]:
    """Seconds of the products of reading `tokens` once, forward and backward to the inputs."""
    rows = window + window // RATIO
    forward = back = 0.0
    for inputs, outputs in sizes.projections():
        forward += sizes.layers * _product(rows, inputs, outputs)
        back += sizes.layers * _product(rows, outputs, inputs)
    head = _product(window, sizes.hidden, vocabulary), _product(window, vocabulary, sizes.hidden)
    attention = sizes.layers * _attention(sizes, rows, mean_keys(tokens, RATIO, window))
    windows = tokens / window
    # Attention has two products forward and four backward.
    return {
        "forward": windows * (forward + head[0] + attention),
        "backward": windows * (back + head[1] + 2 * attention),
    }


def measure(shape: str, tokens: int, steps: int, *, recompute: bool) -> dict[str, Any]:
    """Seconds of a step on this machine's CPU, the floor in the same run, and bytes at the peak."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        model = load_model(write_checkpoint(shape, Path(scratch)), device="cpu")
    float_beacons(model)
    window = model.beacon.window
    ids = random_ids(model, tokens)[None].numpy()
    batch: Batch = ids, np.ones(ids.shape, np.float32)
    plan = Plan(steps=steps, ratios=(RATIO,), mixed_share=0.0, save_every=1e9, recompute=recompute)
    spent: list[float] = []
    floors: list[dict[str, float]] = []

    begun = time.process_time()

    def beside(row: dict[str, Any]) -> None:
        nonlocal begun
        spent.append(time.process_time() - begun)
        floors.append(
            step_products(Dimensions.of(model.config), _vocabulary(model), tokens, window)
        )
        begun = time.process_time()

    def made(first: int) -> Iterator[Batch]:
        return repeat(batch)

    peak = Peak("cpu")
    with tempfile.TemporaryDirectory() as scratch:
        train(model, made, plan, Path(scratch), on_step=beside)
    forward, backward = (min(floor[key] for floor in floors) for key in ("forward", "backward"))
    # The last window is not read twice.
    again = forward * (1 - window / tokens) if recompute else 0.0
    return {
        "recompute": recompute,
        "seconds": min(spent[1:]),
        "floor": forward + backward + again,
        "bytes": peak.growth(),
    }


def main(words: list[str] | None = None) -> int:
    """Print a table, a row with every activation kept and one with windows recomputed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=sorted(SHAPES), default="100m")
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--recompute", type=int, choices=(0, 1), help="one case only, as JSON")
    args = parser.parse_args(words)
    if args.recompute is not None:
        found = measure(args.shape, args.tokens, args.steps, recompute=bool(args.recompute))
        sys.stdout.write(json.dumps(found) + "\n")
        return 0
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + " --- |" * len(_COLUMNS)]
    for recompute in (0, 1):
        lines.append(_row(_alone(args, recompute), args.tokens))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _alone(args: argparse.Namespace, recompute: int) -> dict[str, Any]:
    settings = {"shape": args.shape, "tokens": args.tokens, "steps": args.steps}
    words = [str(word) for key, value in settings.items() for word in (f"--{key}", value)]
    command = [sys.executable, "-m", "benchmarks.training", *words, "--recompute", str(recompute)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _row(found: dict[str, Any], tokens: int) -> str:
    cells = (
        "windows recomputed" if found["recompute"] else "all kept",
        f"{tokens / found['seconds']:,.0f}",
        f"{tokens / found['floor']:,.0f}",
        f"{found['floor'] / found['seconds']:.0%}",
        f"{found['bytes'] / 1e9:.2f} GB",
    )
    return "| " + " | ".join(cells) + " |"


def _vocabulary(model: Any) -> int:
    return int(model.config.vocab_size)


def _seconds_of(work: Callable[[], object]) -> float:
    """The least of the processor's seconds that `work` took, after one run that is not counted."""
    work()
    spent = []
    for _ in range(4):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def _product(rows: int, inputs: int, outputs: int) -> float:
    left = torch.randn(rows, inputs).bfloat16()
    right = torch.randn(outputs, inputs).bfloat16().t()
    return _seconds_of(lambda: torch.mm(left, right))


def _attention(sizes: Dimensions, rows: int, keys: float) -> float:
    wide = rows * sizes.heads // sizes.kv_heads
    tile = min(wide, TILE_ROWS)
    query = torch.randn(sizes.kv_heads, tile, sizes.head_dim).bfloat16()
    key = torch.randn(sizes.kv_heads, TILE_KEYS, sizes.head_dim).bfloat16()

    def both() -> None:
        torch.bmm(torch.bmm(query, key.transpose(1, 2)), key)

    return _seconds_of(both) * (wide / tile) * (keys / TILE_KEYS)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main())
