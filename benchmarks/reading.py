"""Time a reading: with beacons, with full attention, and from samples where it would take long.

Each function is one case for a process of its own; it returns plain values for the report.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch

from beacon_qa.beacon import Memory, condense
from beacon_qa.beacon.windows import PASS
from benchmarks.floor import large_products, own_products, windows_a_pass
from benchmarks.formulas import Dimensions
from benchmarks.shapes import memory_of, random_ids
from benchmarks.timing import Peak, now

DEPTHS = 3
"""Places at which a sampled reading is timed: the start, the middle and the end."""


def with_beacons(model: Any, device: str, *, tokens: int, ratio: int) -> Any:
    """Read `tokens` at `ratio`, then time the floor; the peak is that of the reading."""
    # Weights are mapped from their file and only come into memory when first used.
    _read(model, random_ids(model, 2 * model.beacon.window), model.new_memory(ratio))
    memory: Memory = model.new_memory(ratio)
    ids, peak = random_ids(model, tokens), Peak(device)
    begun = now(device)
    _read(model, ids, memory)
    seconds, growth = now(device) - begun, peak.growth()
    large, own = _floor(model, device, tokens, ratio)
    return {
        "seconds": seconds,
        "peak_bytes": growth,
        "kept": memory.kept,
        "floor_large": large,
        "floor_own": own,
    }


def with_full_attention(model: Any, device: str, *, tokens: int) -> Any:
    """Read `tokens` in one pass of the same weights without a memory: the plain model."""
    _prefill(model, random_ids(model, min(tokens, 256)), device)
    ids, peak = random_ids(model, tokens), Peak(device)
    begun = now(device)
    _prefill(model, ids, device)
    return {"seconds": now(device) - begun, "peak_bytes": peak.growth()}


def sampled(model: Any, device: str, *, tokens: int, ratio: int) -> Any:
    """Seconds of reading `tokens`, from windows timed at a few depths of a memory made in place.

    A window's time grows in a straight line with the keys before it, so the sum over the text is
    its area. The floor is timed beside it.
    """
    window = model.beacon.window
    windows = tokens // window
    count = min(max(2, windows_a_pass(window, PASS)), windows // DEPTHS)
    depths = [round(i * (windows - count) / (DEPTHS - 1)) for i in range(DEPTHS)]
    each = [_window_seconds(model, device, depth, count, ratio) for depth in depths]
    area = sum((a + b) / 2 for a, b in pairwise(each)) / (DEPTHS - 1)
    large, own = _floor(model, device, tokens, ratio)
    return {
        "seconds": area * windows,
        "window_seconds": each,
        "floor_large": large,
        "floor_own": own,
    }


def bytes_per_token(model: Any, device: str, *, ratios: list[int]) -> Any:
    """Bytes of memory for a token of text, by ratio, from two windows read at each."""
    tokens = 2 * model.beacon.window
    found = {}
    for ratio in ratios:
        memory = model.new_memory(ratio)
        _read(model, random_ids(model, tokens), memory)
        found[str(ratio)] = memory.nbytes / tokens
    return {"by_ratio": found, "plain": model.bytes_per_key}


def _window_seconds(model: Any, device: str, depth: int, count: int, ratio: int) -> float:
    memory = memory_of(model, depth * model.beacon.window, ratio)
    # The first pass moves the memory into a buffer with room; a whole reading does so once.
    first = windows_a_pass(model.beacon.window, PASS)
    ids = random_ids(model, (first + count) * model.beacon.window)
    times = [now(device) for _ in condense(model, ids, memory=memory)]
    return (times[-1] - times[0]) / count


def _floor(model: Any, device: str, tokens: int, ratio: int) -> tuple[float, float]:
    sizes, window = Dimensions.of(model.config), model.beacon.window
    dtype = model.model.norm.weight.dtype
    large = sizes.beacon_prefill(tokens, ratio, window) / large_products(device, dtype)
    return large, own_products(sizes, tokens, ratio, window, device, dtype)


def _read(model: Any, ids: torch.Tensor, memory: Memory) -> None:
    for _ in condense(model, ids, memory=memory):
        pass


def _prefill(model: Any, ids: torch.Tensor, device: str) -> None:
    with torch.no_grad():
        model(input_ids=ids[None].to(device), logits_to_keep=1)
