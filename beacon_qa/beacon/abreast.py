"""Attention of several windows of one text, which are read in one pass.

Each attends to the memory before the pass, to the beacons of the windows before it in the pass,
turned to where memory keeps them, and causally to itself: see layout. Knows tensors and layouts;
gives what reading window by window gives, up to rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from beacon_qa.beacon.layout import Abreast
from beacon_qa.beacon.rotary import turn
from beacon_qa.beacon.softmax import causal, causal_behind, merged, over_all


def attend_abreast(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    shared: tuple[Tensor, Tensor] | None,
    layout: Abreast,
    scaling: float | None,
) -> Tensor:
    """Attention of all positions of a pass over a memory, (rows, heads, pass, head_dim).

    query is of that shape, key and value (rows, kv_heads, entries, head_dim) are the memory's own,
    those of the pass the last; the ones before them that it shares are `shared`.
    """
    first = key.shape[2] - query.shape[2]
    past = [shared] if shared is not None else []
    if first:
        past.append((key[:, :, :first], value[:, :, :first]))
    key, value = key[:, :, first:], value[:, :, first:]
    keys, values = _condensed(key, value, layout)
    parts = []
    for (begin, end), count in zip(layout.spans, layout.before, strict=True):
        rows, kept = query[:, :, begin:end], count - layout.before[0]
        part = causal(rows, key[:, :, begin:end], value[:, :, begin:end], scaling)
        if kept:
            part = merged(part, over_all(rows, keys[:, :, :kept], values[:, :, :kept], scaling))
        parts.append(part)
    own = torch.cat([part[0] for part in parts], dim=2), torch.cat([p[1] for p in parts], dim=2)
    for keys, values in past:
        own = merged(own, over_all(query, keys, values, scaling))
    return own[0]


def attend_in_training(
    query: Tensor, key: Tensor, value: Tensor, layout: Abreast, scaling: float | None
) -> Tensor:
    """The same where the pass is the whole text, with gradients; all (rows, heads, pass, head_dim).

    key and value have as many heads as the model has key/value heads.
    """
    if torch.is_autocast_enabled(query.device.type):
        kind = torch.get_autocast_dtype(query.device.type)
        query, key, value = query.to(kind), key.to(kind), value.to(kind)
    memory, kept = _condensed(key, value, layout)
    seen = []
    for (first, end), count in zip(layout.spans, layout.before, strict=True):
        keys = torch.cat((memory[:, :, :count], key[:, :, first:end]), dim=2)
        values = torch.cat((kept[:, :, :count], value[:, :, first:end]), dim=2)
        seen.append(causal_behind(query[:, :, first:end], keys, values, scaling))
    return torch.cat(seen, dim=2)


def _condensed(key: Tensor, value: Tensor, layout: Abreast) -> tuple[Tensor, Tensor]:
    """What the windows of a pass leave in memory, the keys turned to where they then stand."""
    # A model may lie on several devices, and its layers each on one of them.
    kept, shift = layout.kept.to(key.device), layout.shift.to(key.device)
    keys = turn(key.index_select(2, kept), shift, layout.frequencies.to(key.device))
    return keys, value.index_select(2, kept)
