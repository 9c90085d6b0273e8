"""Attention of several texts read side by side: own keys apart, shared keys together.

    text 0    shared keys x x x x   own 0  x x .
    text 1                x x x x   own 1  x x x x .      one product over the shared keys for all,
    text 2                x x x x   own 2  x .            one over the table of the texts' own

Knows positions and chunks of one pass; knows nothing of how the texts came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.plugin import Seating
from beacon_qa.beacon.softmax import Part, fused, joined, over_all
from beacon_qa.beacon.watch import Watch
from beacon_qa.beacon.windows import Chunk


def side_by_side(
    index: int,
    layer: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    seating: Seating,
    scaling: float | None,
) -> Tensor:
    """Attention of all positions (1, heads, positions, head_dim) in layer `index`.

    key and value (texts, kv_heads, most own entries, head_dim) are the texts' own.
    """
    for watch, row, looking in seating.watched:
        seen = key[row : row + 1], layer.texts[row].shared
        watch.see(index, query[:, :, looking], *seen, scaling)
    part = _over_own(query, key, value, seating, scaling)
    for row, circle in seating.circles:
        shared_key, shared_value = layer.texts[row].shared
        if circle is None:
            return joined(part, over_all(query, shared_key, shared_value, scaling))
        where = circle.to(query.device)
        some = part[0].index_select(2, where), part[1].index_select(2, where)
        over = over_all(query.index_select(2, where), shared_key, shared_value, scaling)
        part = part[0].index_copy(2, where, joined(some, over)), part[1]
    return part[0]


def _over_own(
    query: Tensor, key: Tensor, value: Tensor, seating: Seating, scaling: float | None
) -> Part:
    texts, kv_heads, size = key.shape[0], key.shape[1], key.shape[3]
    spread, gather = seating.spread.to(query.device), seating.gather.to(query.device)
    hidden = seating.hidden.to(query.device, query.dtype)
    places = query.reshape(-1, size).index_select(0, spread).view(texts, kv_heads, -1, size)
    out, norm = fused(places, key, value, scaling, hidden=hidden)
    out = out.reshape(-1, size).index_select(0, gather)
    return out.view(query.shape), norm.reshape(-1).index_select(0, gather).view(query.shape[:3])


def seat(
    texts: Sequence[Any], chunks: Sequence[Chunk], tails: Sequence[int], heads: tuple[int, int]
) -> Seating:
    """The seating of a chunk of each text; `tails` are the entries each has of its own already.

    `heads` are the model's (query, key/value) heads.
    """
    most = max(chunk.size for chunk in chunks)
    positions: list[list[int]] = []
    for chunk in chunks:
        first = positions[-1][-1] + 1 if positions else 0
        positions.append(list(range(first, first + chunk.size)))
    count = positions[-1][-1] + 1
    # Places of one text and head: its positions, the last one again where it has fewer than most.
    filled = torch.tensor([own + own[-1:] * (most - len(own)) for own in positions])
    starts = [row * heads[0] * most for row in range(len(chunks))]
    pairs = zip(starts, positions, strict=True)
    back = torch.tensor([start + place for start, own in pairs for place in range(len(own))])
    head = torch.arange(heads[0])
    longest = max(tail + chunk.size for tail, chunk in zip(tails, chunks, strict=True))
    seen = torch.tensor(tails)[:, None] + torch.arange(most).repeat(heads[0] // heads[1])
    unseen = torch.arange(longest) > seen[:, :, None]
    return Seating(
        spread=(filled[:, None] + head[:, None] * count).flatten(),
        gather=(head[:, None] * most + back).flatten(),
        hidden=torch.zeros(unseen.shape).masked_fill_(unseen, -torch.inf)[:, None],
        circles=_circles(texts, positions),
        watched=_watched(texts, chunks, positions),
    )


def _watched(
    texts: Sequence[Any], chunks: Sequence[Chunk], positions: Sequence[list[int]]
) -> list[tuple[Watch, int, list[int]]]:
    found = []
    for row, (text, chunk) in enumerate(zip(texts, chunks, strict=True)):
        if text.watch is not None:
            looking = text.watch.rows(text.tokens, chunk.places)
            if looking:
                found.append((text.watch, row, [positions[row][place] for place in looking]))
    return found


def _circles(
    texts: Sequence[Any], positions: Sequence[list[int]]
) -> list[tuple[int, Tensor | None]]:
    """One text of each circle that shares the same entries, and the circle's positions."""
    found: dict[tuple[int, int], list[int]] = {}
    for row, text in enumerate(texts):
        shared = text.layers[0].shared
        if shared is not None:
            found.setdefault((shared[0].data_ptr(), shared[0].shape[2]), []).append(row)
    if len(found) == 1 and len(next(iter(found.values()))) == len(texts):
        return [(0, None)]
    return [
        (rows[0], torch.tensor([place for row in rows for place in positions[row]]))
        for rows in found.values()
    ]
