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
from torch.autograd.function import once_differentiable

from beacon_qa.beacon.config import check_ratios
from beacon_qa.beacon.inputs import Targets
from beacon_qa.beacon.plugin import Abreast, Reading, reading
from beacon_qa.beacon.rotary import turn
from beacon_qa.beacon.softmax import Part, folded, fused, fused_gradients
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
    spans: list[range] = []
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
        spans.append(range(base, base + count))
    longest = max(map(len, spans))
    rows = [[*span] + [0] * (longest - len(span)) for span in spans]
    back = [row * longest + column for row, span in enumerate(spans) for column in range(len(span))]

    def tensor(numbers: Sequence[Any]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=device)

    return Abreast(
        raw=tensor(raw),
        beacons=tensor(beacons),
        positions=tensor(positions),
        shift=tensor(shift),
        rows=tensor(rows),
        back=tensor(back),
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
    scale = scaling or query.shape[-1] ** -0.5
    windows = (_windows(states, layout) for states in (query, key, value))
    out: Tensor = _Joined.apply(*windows, memory, kept, layout.before, scale)  # type: ignore[no-untyped-call]
    count, rows, heads, longest, size = out.shape
    out = out.permute(1, 2, 0, 3, 4).reshape(rows, heads, count * longest, size)
    return out.index_select(2, layout.back)


def _windows(states: Tensor, layout: Abreast) -> Tensor:
    """The states window by window: (windows, rows, heads, longest, head_dim)."""
    rows, heads, _, size = states.shape
    count, longest = layout.rows.shape
    gathered = states.index_select(2, layout.rows.flatten())
    return gathered.view(rows, heads, count, longest, size).permute(2, 0, 1, 3, 4).contiguous()


class _Joined(torch.autograd.Function):
    """One softmax over two stretches of keys, by fused kernels forwards and backwards.

    A kernel's backward pass makes the shares again from the output and the log of the sum of the
    exponents. Given those of the whole, it makes the shares of its stretch in the whole.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        memory: Tensor,
        kept: Tensor,
        before: tuple[int, ...],
        scale: float,
    ) -> Tensor:
        out, norm = _own(query, key, value, scale)
        for number, count in enumerate(before):
            if count:
                past = fused(
                    folded(query[number], memory.shape[1]),
                    memory[:, :, :count],
                    kept[:, :, :count],
                    scale,
                )
                _join_into(out[number], norm[number], past)
        ctx.save_for_backward(query, key, value, memory, kept, out, norm)
        ctx.before, ctx.scale = before, scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, memory, kept, out, norm = ctx.saved_tensors
        gradient = gradient.contiguous()
        of_query, of_key, of_value = _own_gradients(gradient, query, key, value, out, norm, ctx)
        of_memory = torch.zeros_like(memory, dtype=torch.float32)
        of_kept = torch.zeros_like(kept, dtype=torch.float32)
        heads = memory.shape[1]
        for number, count in enumerate(ctx.before):
            if not count:
                continue
            past = fused_gradients(
                folded(gradient[number], heads),
                folded(query[number], heads),
                memory[:, :, :count],
                kept[:, :, :count],
                (folded(out[number], heads), _folded_norm(norm[number], heads)),
                ctx.scale,
            )
            of_query[number] += past[0].reshape(of_query[number].shape)
            of_memory[:, :, :count] += past[1]
            of_kept[:, :, :count] += past[2]
        made = of_memory.to(memory.dtype), of_kept.to(kept.dtype)
        return of_query, of_key, of_value, *made, None, None


def _own(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Part:
    """Every window causally over itself, all windows and rows as rows of one call."""
    groups = query.shape[2] // key.shape[2]
    flat = (_flat(query), _repeated(_flat(key), groups), _repeated(_flat(value), groups))
    out, norm = fused(*flat, scale, causal=True)
    return out.reshape(query.shape).contiguous(), norm.reshape(query.shape[:-1]).contiguous()


def _own_gradients(
    gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, out: Tensor, norm: Tensor, ctx: Any
) -> tuple[Tensor, Tensor, Tensor]:
    groups = query.shape[2] // key.shape[2]
    flat = (_flat(query), _repeated(_flat(key), groups), _repeated(_flat(value), groups))
    part = _flat(out), norm.flatten(0, 1)
    found = fused_gradients(_flat(gradient), *flat, part, ctx.scale, causal=True)
    of_key, of_value = (_summed(states, groups).reshape(key.shape) for states in found[1:])
    return found[0].reshape(query.shape).contiguous(), of_key, of_value


def _join_into(out: Tensor, norm: Tensor, past: Part) -> None:
    """Merge a window's attention over memory into that over itself, in place."""
    other, other_norm = past[0].reshape(out.shape), past[1].reshape(norm.shape)
    share = torch.sigmoid(other_norm - norm)[..., None].to(out.dtype)
    out.lerp_(other, share)
    torch.logaddexp(norm, other_norm, out=norm)


def _flat(states: Tensor) -> Tensor:
    return states.flatten(0, 1)


def _folded_norm(norm: Tensor, kv_heads: int) -> Tensor:
    rows, heads, tokens = norm.shape
    return norm.reshape(rows, kv_heads, heads // kv_heads * tokens)


def _repeated(states: Tensor, groups: int) -> Tensor:
    return states if groups == 1 else states.repeat_interleave(groups, dim=1)


def _summed(states: Tensor, groups: int) -> Tensor:
    """Gradients of a key head, summed over the query heads that read it."""
    if groups == 1:
        return states
    rows, heads, tokens, size = states.shape
    return states.reshape(rows, heads // groups, groups, tokens, size).sum(dim=2)
