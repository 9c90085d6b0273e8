"""Sliding-window attention with attention sinks, over a plain model's own cache: a baseline.

Every token sees the first few tokens of the text (the sinks) and the last `window` tokens, itself
among them (Xiao et al., 2023). Positions are places in the cache, not in the text. Tokens are read
in chunks, and what has fallen out of the window leaves the cache after each; here the window is
4 tokens, S a sink, and a chunk of 3 is read:

    cache      chunk
    S S 4 5 6  7 8 9
    x x . x x  x . .      the mask; all keys keep their places until the chunk is over
    x x . . x  x x .
    x x . . .  x x x

Knows a model and ids; knows nothing of memories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from beacon_qa.beacon.rotary import turn

SINKS = 4
"""Sinks of the published method."""


@torch.no_grad()
def sliding_loss(
    model: Any,
    ids: Sequence[int],
    counted: int,
    *,
    window: int,
    sinks: int = SINKS,
    chunk: int | None = None,
) -> float:
    """Mean loss of the last `counted` ids; `chunk` tokens are read at a time, None for a window."""
    step = chunk or window
    text = torch.tensor([list(ids)], device=model.model.embed_tokens.weight.device)
    first = len(ids) - counted
    total, cache = 0.0, None
    for start in range(0, len(ids), step):
        part = text[:, start : start + step]
        hidden, cache = _read(model, part, cache, window, sinks)
        # The token at place i is predicted from place i - 1.
        begin, end = max(start, first - 1), min(start + step, len(ids) - 1)
        if begin < end:
            logits = model.lm_head(hidden[0, begin - start : end - start]).float()
            wanted = text[0, begin + 1 : end + 1].to(logits.device)
            total += float(cross_entropy(logits, wanted, reduction="sum"))
        _slide(model, cache, window, sinks)
    return total / counted


def _read(model: Any, ids: Tensor, cache: Any, window: int, sinks: int) -> tuple[Tensor, Any]:
    """The hidden states of a chunk, and the cache with it."""
    past = 0 if cache is None else int(cache.layers[0].keys.shape[2])
    count = ids.shape[1]
    query = torch.arange(past, past + count, device=ids.device)[:, None]
    key = torch.arange(past + count, device=ids.device)[None]
    seen = (key <= query) & ((key < sinks) | (query - key < window))
    out = model.model(
        input_ids=ids,
        attention_mask=seen[None, None],
        position_ids=query.T,
        past_key_values=cache,
        use_cache=True,
    )
    return out.last_hidden_state, out.past_key_values


def _slide(model: Any, cache: Any, window: int, sinks: int) -> None:
    """Keep the sinks and the last window, seated anew one after another."""
    gone = int(cache.layers[0].keys.shape[2]) - sinks - window
    if gone <= 0:
        return
    shift = torch.full((window,), -gone)
    for layer in cache.layers:
        kept = layer.keys[:, :, sinks + gone :]
        frequencies = model.model.rotary_emb.inv_freq.to(kept.device)
        turned = turn(kept, shift.to(kept.device), frequencies)
        layer.keys = torch.cat((layer.keys[:, :, :sinks], turned), dim=2)
        layer.values = torch.cat(
            (layer.values[:, :, :sinks], layer.values[:, :, sinks + gone :]), dim=2
        )
