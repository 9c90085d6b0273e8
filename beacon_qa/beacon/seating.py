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
from beacon_qa.beacon.softmax import Part, joined, over_all
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
            return joined(part, over_all(query, shared_key, shared_value, scaling))[0]
        where = circle.to(query.device)
        some = part[0].index_select(2, where), part[1].index_select(2, where)
        over = over_all(query.index_select(2, where), shared_key, shared_value, scaling)
        part = part[0].index_copy(2, where, joined(some, over)[0]), part[1]
    return part[0]


def _over_own(
    query: Tensor, key: Tensor, value: Tensor, seating: Seating, scaling: float | None
) -> Part:
    texts, heads, size = key.shape[0], query.shape[1], query.shape[3]
    places = query[0]
    if seating.spread is not None:
        places = places.index_select(1, seating.spread.to(query.device))
    places = places.view(heads, texts, -1, size).transpose(0, 1)
    hidden = seating.hidden.to(query.device, query.dtype)
    out, norm = over_all(places, key, value, scaling, hidden)
    out = out.transpose(0, 1).reshape(1, heads, -1, size)
    norm = norm.transpose(0, 1).reshape(1, heads, -1)
    if seating.gather is None:
        return out, norm
    gather = seating.gather.to(query.device)
    return out.index_select(2, gather), norm.index_select(2, gather)


def seat(
    texts: Sequence[Any], chunks: Sequence[Chunk], tails: Sequence[int], groups: int
) -> Seating:
    """The seating of a chunk of each text; `tails` are the entries each has of its own already.

    `groups` is the number of query heads to a key/value head.
    """
    most = max(chunk.size for chunk in chunks)
    spread, gather, positions, first = [], [], [], 0
    for row, chunk in enumerate(chunks):
        spread += [first + min(place, chunk.size - 1) for place in range(most)]
        gather += [row * most + place for place in range(chunk.size)]
        positions.append(list(range(first, first + chunk.size)))
        first += chunk.size
    longest = max(tail + chunk.size for tail, chunk in zip(tails, chunks, strict=True))
    seen = torch.tensor(tails)[:, None, None] + torch.arange(most).repeat(groups)[:, None]
    hidden = torch.zeros(seen.shape[0], seen.shape[1], longest)
    return Seating(
        texts=texts,
        spread=torch.tensor(spread) if most > 1 else None,
        gather=torch.tensor(gather) if most > 1 else None,
        hidden=hidden.masked_fill(torch.arange(longest) > seen, -torch.inf)[:, None],
        circles=_circles(texts, positions),
        watched=_watched(texts, chunks, positions),
    )


def _watched(
    texts: Sequence[Any], chunks: Sequence[Chunk], positions: Sequence[list[int]]
) -> list[tuple[Watch, int, list[int]]]:
    found = []
    for row, (text, chunk) in enumerate(zip(texts, chunks, strict=True)):
        if text.watch is not None:
            looking = text.watch.rows(text.tokens, chunk.raw, chunk.beacons)
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
