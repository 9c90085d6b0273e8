"""Where the tokens and beacons of one pass stand: of a part of one window, or of several windows.

A beacon's keys and values in a layer depend on that layer's input alone, and what stands in memory
never moves again. So no window has to wait for the one before it: a layer runs over several
windows at once, and each attends to the beacons of those before it, turned to where memory keeps
them. Spec section 15, without its copies:

              memory   beacons of 1   of 2   of 3 | own window
    window 1    x            .         .      .   | causal
    window 2    x            x         .      .   | causal
    window 3    x            x         x      .   | causal

Knows chunks and places; runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from beacon_qa.beacon.windows import Chunk


@dataclass(frozen=True)
class Layout:
    """One pass: `raw` tokens and `beacons` are places in it, (tokens,) and (beacons,).

    `beacons` is None where there are none, and `positions` (pass,) are those for the rotation.
    """

    raw: Tensor
    beacons: Tensor | None
    positions: Tensor


@dataclass(frozen=True)
class Abreast(Layout):
    """A pass over several windows, which all begin in it.

    `kept` are the places that stay when the windows close, and `shift` how far the keys there are
    turned then, by `frequencies`. `spans` are the places [first, end) of each window, and `before`
    counts the entries in memory when it begins. The last `rest` places are of a window that stays
    open.
    """

    kept: Tensor
    shift: Tensor
    spans: tuple[tuple[int, int], ...]
    before: tuple[int, ...]
    rest: int
    frequencies: Tensor


def lay_alone(chunk: Chunk, held: int, device: torch.device) -> Layout:
    """A pass over one chunk, read behind `held` entries."""
    positions = torch.arange(held, held + chunk.size, device=device)
    if not chunk.beacons:
        return Layout(positions - held, None, positions)
    raw, beacons = torch.tensor(chunk.places), torch.tensor(chunk.beacons)
    return Layout(raw.to(device), beacons.to(device), positions)


def lay_abreast(
    chunks: Sequence[Chunk], held: int, frequencies: Tensor, device: torch.device
) -> Abreast:
    """A pass over windows behind a memory of `held` entries; only the last may stay open."""
    raw: list[int] = []
    beacons: list[int] = []
    positions: list[int] = []
    kept: list[int] = []
    shift: list[int] = []
    before: list[int] = []
    spans: list[tuple[int, int]] = []
    for chunk in chunks:
        base, begin = len(positions), held + len(kept)
        before.append(begin)
        spans.append((base, base + chunk.size))
        positions += range(begin, begin + chunk.size)
        raw += [base + place for place in chunk.places]
        beacons += [base + place for place in chunk.beacons]
        if chunk.closes:
            # At ratio 0 a window is kept whole.
            own = chunk.beacons if chunk.ratio else range(chunk.size)
            kept += [base + place for place in own]
            shift += [to - place for to, place in enumerate(own)]

    def tensor(numbers: Sequence[int]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=device)

    return Abreast(
        raw=tensor(raw),
        beacons=tensor(beacons) if beacons else None,
        positions=tensor(positions),
        kept=tensor(kept),
        shift=tensor(shift),
        spans=tuple(spans),
        before=tuple(before),
        rest=0 if chunks[-1].closes else chunks[-1].size,
        frequencies=frequencies,
    )
