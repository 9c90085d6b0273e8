"""All windows of a text in one pass, as training reads: spec section 15, without its copies.

A beacon's keys and values in a layer depend on that layer's input alone, and what stands in memory
never moves again. So no window has to wait for the one before it: a layer runs over all windows
at once, and each attends to the beacons of those before it, turned to where memory keeps them:

              beacons of 1   of 2   of 3 | own window
    window 1       .          .      .   | causal
    window 2       x          .      .   | causal
    window 3       x          x      .   | causal

Products then have as many rows as the text has tokens instead of a window's. Knows tensors and
windows; gives the loss and gradients of reading window by window, up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.config import check_ratios
from beacon_qa.beacon.inputs import Targets
from beacon_qa.beacon.plugin import Abreast, Reading, reading
from beacon_qa.beacon.rotary import turn
from beacon_qa.beacon.softmax import causal_behind
from beacon_qa.beacon.windows import beacon_places
from beacon_qa.errors import ModelError


def lay_out(
    tokens: int, ratios: Sequence[int], window: int, frequencies: Tensor, device: torch.device
) -> Abreast:
    """Lay `tokens` out in windows at `ratios`, cycled; the last window gets no beacons."""
    raw: list[int] = []
    beacons: list[int] = []
    positions: list[int] = []
    shift: list[int] = []
    before: list[int] = []
    spans: list[tuple[int, int]] = []
    for number, start in enumerate(range(0, tokens, window)):
        held, base = len(beacons), len(positions)
        last = start + window >= tokens
        size = min(window, tokens - start)
        own = () if last else beacon_places(0, size, ratios[number % len(ratios)])
        count = size + len(own)
        positions += range(held, held + count)
        raw += sorted({*range(base, base + count)} - {base + place for place in own})
        shift += [place_kept - place for place_kept, place in enumerate(own)]
        beacons += [base + place for place in own]
        before.append(held)
        spans.append((base, base + count))

    def tensor(numbers: Sequence[Any]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=device)

    return Abreast(
        raw=tensor(raw),
        beacons=tensor(beacons),
        positions=tensor(positions),
        shift=tensor(shift),
        spans=tuple(spans),
        before=tuple(before),
        frequencies=frequencies,
    )


def loss_abreast(
    model: Any, ids: Tensor, ratios: Sequence[int], weights: Tensor | None = None
) -> Tensor:
    """The mean loss over all tokens of `ids` (rows, tokens), all windows read in one pass.

    `ratios` are cycled window by window, or all 0 for the plain model; `weights` (rows, tokens) is
    how often each token counts as a target. Equal to what the model's `forward` gives in training,
    with gradients through all windows (spec section 13). Raises ModelError for a model with sinks
    and for 0 among other ratios, ConfigError for ratios that do not divide the window.
    """
    window = model.beacon.window
    schedule = check_ratios(tuple(ratios), window)
    targets = Targets.of(ids, weights)
    if not any(schedule):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    elif model.beacon.sink or not all(schedule):
        raise ModelError(
            "Windows are read in one pass only without sinks and at ratios of 1 or more; this "
            f"model has {model.beacon.sink} sinks and the ratios are {list(schedule)}."
        )
    else:
        frequencies = model.model.rotary_emb.inv_freq
        layout = lay_out(ids.shape[1], schedule, window, frequencies, ids.device)
        hidden = _hidden(model, ids, layout)
    return targets.mean([model.losses(hidden, targets.ids, targets.weights)])[0]


def _hidden(model: Any, ids: Tensor, layout: Abreast) -> Tensor:
    """The hidden states of the raw tokens, (rows, tokens, hidden)."""
    raw = model.model.embed_tokens(ids)
    embeds = model.with_beacons(raw, layout.raw, layout.beacons)
    with reading(Reading(layout.beacons if len(layout.beacons) else None, abreast=layout)):
        out = model.model(
            inputs_embeds=embeds, position_ids=layout.positions[None], use_cache=False
        )
    hidden: Tensor = out.last_hidden_state.index_select(1, layout.raw)
    return hidden


def attend_abreast(
    query: Tensor, key: Tensor, value: Tensor, layout: Abreast, scaling: float | None
) -> Tensor:
    """Each window's positions over the memory before it and causally over itself.

    query (rows, heads, pass, head_dim), key and value (rows, kv_heads, pass, head_dim).
    """
    if torch.is_autocast_enabled(query.device.type):
        kind = torch.get_autocast_dtype(query.device.type)
        query, key, value = query.to(kind), key.to(kind), value.to(kind)
    memory = turn(key.index_select(2, layout.beacons), layout.shift, layout.frequencies)
    kept = value.index_select(2, layout.beacons)
    seen = []
    for (first, end), count in zip(layout.spans, layout.before, strict=True):
        keys = torch.cat((memory[:, :, :count], key[:, :, first:end]), dim=2)
        values = torch.cat((kept[:, :, :count], value[:, :, first:end]), dim=2)
        seen.append(causal_behind(query[:, :, first:end], keys, values, scaling))
    return torch.cat(seen, dim=2)
