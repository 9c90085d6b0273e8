"""The matrix-product floor: how fast this machine could read if products were all there is.

Two floors. The large one divides the operations of a reading by the speed of one large square
product. The own one times the bare products of a reading at the very shapes it has:

    projections   (rows of a pass, inputs)  x (inputs, outputs), each matrix of a layer
    attention     queries x keys and weights x values, in tiles that stay in the processor's cache

and multiplies by how many there are. No softmax, no norms, no rotation, no copying, no Python.
"""

from __future__ import annotations

import torch

from beacon_qa.beacon.windows import PASS
from benchmarks.formulas import Dimensions, mean_keys
from benchmarks.timing import seconds_of

TILE_KEYS = 512
TILE_ROWS = 288
"""Queries of a tile on a CPU, all heads of one key head together; on a GPU a tile takes all."""


def windows_a_pass(window: int, tokens: int) -> int:
    """How many windows a reading takes in one pass."""
    return max(1, min(PASS, tokens) // window)


def large_products(device: str, dtype: torch.dtype) -> float:
    """Operations a second of a large square product."""
    side = 8192 if device.startswith("cuda") else 2048
    left = torch.randn(side, side, device=device).to(dtype)
    out = torch.empty_like(left)
    return 2.0 * side**3 / seconds_of(lambda: torch.mm(left, left, out=out), device)


def reading_speed(device: str, dtype: torch.dtype) -> float:
    """Bytes a second at which a tensor too large for any cache is read."""
    tensor = torch.ones(2**26, device=device, dtype=dtype)
    return tensor.nbytes / seconds_of(tensor.sum, device)


def own_products(
    sizes: Dimensions, tokens: int, ratio: int, window: int, device: str, dtype: torch.dtype
) -> float:
    """Seconds of the bare matrix products of reading `tokens` at `ratio`, at their own shapes."""
    window = min(window, tokens)
    together = windows_a_pass(window, tokens)
    rows = together * (window + window // ratio)
    projections = sum(
        _projection(rows, inputs, outputs, device, dtype) for inputs, outputs in sizes.projections()
    )
    keys = mean_keys(tokens, ratio, window)
    attention = _attention(sizes, rows, keys, device, dtype)
    return (projections + attention) * sizes.layers * (tokens / (together * window))


def _projection(rows: int, inputs: int, outputs: int, device: str, dtype: torch.dtype) -> float:
    left = torch.randn(rows, inputs, device=device).to(dtype)
    # Stored as a Linear stores it: transposed.
    right = torch.randn(outputs, inputs, device=device).to(dtype).t()
    out = torch.empty(rows, outputs, device=device, dtype=dtype)
    return seconds_of(lambda: torch.mm(left, right, out=out), device, repeats=7)


def _attention(sizes: Dimensions, rows: int, keys: float, device: str, dtype: torch.dtype) -> float:
    wide = rows * sizes.heads // sizes.kv_heads
    tile = wide if device.startswith("cuda") else min(wide, TILE_ROWS)
    shape = (sizes.kv_heads, tile, sizes.head_dim)
    query = torch.randn(shape, device=device).to(dtype)
    key = torch.randn(sizes.kv_heads, TILE_KEYS, sizes.head_dim, device=device).to(dtype)
    scores = torch.empty(sizes.kv_heads, tile, TILE_KEYS, device=device, dtype=dtype)
    out = torch.empty_like(query)

    def both() -> None:
        torch.bmm(query, key.transpose(1, 2), out=scores)
        torch.bmm(scores, key, out=out)

    return seconds_of(both, device, repeats=15) * (wide / tile) * (keys / TILE_KEYS)
