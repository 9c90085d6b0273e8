"""Attention of a chunk over the memory before it, without a mask of the text's size.

A chunk's positions come last and in order, so each sees everything before itself:

    memory and open window   chunk
    x x x x x x x x x x x x  x . . .
    x x x x x x x x x x x x  x x . .      causal, aligned to the lower right
    x x x x x x x x x x x x  x x x x

Registered with the library's attention interface; a plain model's calls go on to the library's own
scaled-dot-product attention, unchanged. Spec section 8.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from beacon_qa.beacon.abreast import attend_abreast, attend_in_training
from beacon_qa.beacon.plugin import PassEnded, current_reading
from beacon_qa.beacon.seating import side_by_side
from beacon_qa.beacon.softmax import Part, causal, causal_behind, folded, joined, merged, over_all

NAME = "beacon"
"""The attention implementation's name in the library's interface."""


def register() -> None:
    """Make the implementation known to the library; doing so again changes nothing."""
    AttentionInterface.register(NAME, beacon_attention)
    AttentionMaskInterface.register(NAME, _mask)


def _mask(*args: Any, **kwargs: Any) -> Tensor | None:
    return None if current_reading() is not None else sdpa_mask(*args, **kwargs)


def beacon_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend from a chunk to all that is kept; (batch, tokens, heads, head_dim).

    query (batch, heads, tokens, head_dim), key and value (batch, kv_heads, kept, head_dim).
    Raises PassEnded in the layer after which the reading wants nothing.
    """
    now = current_reading()
    if now is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **kwargs
        )
        return plain
    if now.abreast is not None and not now.layers:
        out = attend_in_training(query, key, value, now.abreast, scaling)
        return out.transpose(1, 2).contiguous(), None
    index = int(module.layer_idx)  # type: ignore[arg-type]
    layer = now.layers[index]
    if now.watch is not None and now.looking and index in now.watch.heads:
        now.watch.see(index, query[:, :, now.looking], key, layer.shared, scaling)
    if index == now.last:
        raise PassEnded
    if now.seating is not None:
        out = side_by_side(index, layer, query, key, value, now.seating, scaling)
        return out.transpose(1, 2).contiguous(), None
    query = query.to(value.dtype)
    if now.abreast is not None:
        out = attend_abreast(query, key, value, layer.shared, now.abreast, scaling)
    elif torch.is_grad_enabled() and query.device.type == "cpu":
        out = _by_products(query, key, value, scaling)
    elif layer.shared is None and query.device.type != "cpu":
        out = _on_device(query, key, value, scaling)
    else:
        part = _behind(query, key, value, scaling)
        out = part[0]
        if layer.shared is not None:
            shared_key, shared_value = layer.shared
            out = joined(part, over_all(query, shared_key, shared_value, scaling))
    return out.transpose(1, 2).contiguous(), None


def _on_device(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    if query.shape[2] == 1:
        out: Tensor = scaled_dot_product_attention(
            folded(query, key.shape[1]), key, value, scale=scaling
        )
        return out.reshape(query.shape)
    return causal_behind(query, key, value, scaling)


def _behind(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Part:
    rows, kept = query.shape[2], key.shape[2]
    if rows == 1:
        return over_all(query, key, value, scaling)
    before = kept - rows
    # Only the chunk's own keys are repeated; those before it are read where they lie.
    part = causal(query, key[:, :, before:], value[:, :, before:], scaling)
    if before == 0:
        return part
    return merged(part, over_all(query, key[:, :, :before], value[:, :, :before], scaling))


def _by_products(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    # For training on a CPU, where the fused kernel's backward pass takes twice as long.
    batch, heads, rows, size = query.shape
    groups, kept = heads // key.shape[1], key.shape[2]
    grouped = (query * (scaling or size**-0.5)).reshape(batch, -1, groups * rows, size)
    scores = (grouped @ key.transpose(2, 3)).view(batch, -1, groups, rows, kept)
    hidden = torch.ones(rows, kept, dtype=torch.bool).triu(kept - rows + 1)
    weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1)
    return (weights.view(batch, -1, groups * rows, kept) @ value).view(batch, heads, rows, size)
