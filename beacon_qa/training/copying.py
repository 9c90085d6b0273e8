"""Start a small model with copying heads already in place.

A small model needs many million tokens before heads that copy form by themselves, and nothing can
be recalled from memory before they do. This room writes them into the initial weights, from where
training goes on; every weight stays trainable. The circuit, by place in the residual stream:

    raw token   | A: its own code | B1 B2 B3: codes of the three tokens before it | C: output |
    beacon      | G1 | G2 | ... | G8 |    codes of the eight positions before it

Layer 0: heads attend by offset alone (their query and key biases) and fill B1..B3 and G1..G8.
Layers 1 and 2: a query made of A, B1, B2 matches the key of a token that came after the same
three tokens, raw (B1, B2, B3) or condensed (G of a slot and of those before it); its value, the
code of the token that came next, is written to C, which the output head reads.

Contents are matched in the slowest rotary pairs, offsets in the fastest. Knows a Qwen2-shaped
model with biases on q, k and v, and beacon copies of q, k, v and o.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CODE = 32
"""Numbers in the code that stands for a token wherever it is matched or copied."""
SCALE = 0.1
"""Standard deviation of a residual entry; small, so that an optimiser's steps can change it."""


@dataclass(frozen=True)
class _Shape:
    """Where things lie, for one model shape; `half` is half a head, the reach of a rotary pair."""

    hidden: int
    heads: int
    groups: int
    size: int

    @property
    def half(self) -> int:
        return self.size // 2

    @property
    def own(self) -> slice:
        return slice(0, 3 * self.hidden // 8)

    def before(self, offset: int) -> slice:
        """Where the code of the token `offset` back lies; the farther, the shorter."""
        start = self.own.stop + (0, 32, 56)[offset - 1]
        return slice(start, start + (32, 24, 16)[offset - 1])

    @property
    def output(self) -> slice:
        return slice(self.own.stop + 72, self.hidden)

    def slot(self, offset: int) -> slice:
        """Where a beacon keeps the code of the position `offset` back."""
        return slice(CODE * (offset - 1), CODE * offset)

    def head(self, head: int) -> slice:
        return slice(head * self.size, (head + 1) * self.size)

    def matched(self) -> list[list[int]]:
        """Dimensions of a head in which the last, second and third token are matched."""
        spans = (range(22, 32), range(16, 22), range(12, 16))
        return [[*span, *(i + self.half for i in span)] for span in spans]


@torch.no_grad()
def write_copying_heads(model: Any, *, seed: int = 0) -> None:
    """Write the circuit into a freshly initialised model, in place.

    Needs hidden size 256 or more, head size 64, 8 query heads, 4 key/value heads and 4 layers or
    more, biases on q, k, v, an untied head, and beacon projections q, k, v, o.
    """
    config = model.config
    shape = _Shape(
        config.hidden_size,
        config.num_attention_heads,
        config.num_attention_heads // config.num_key_value_heads,
        model.model.layers[0].self_attn.head_dim,
    )
    draw = torch.Generator().manual_seed(seed)
    own = shape.own.stop
    # Rows of orthogonal matrices keep lengths, so that codes of different tokens stay apart.
    code = _orthogonal(own, draw)[:CODE]
    show = _orthogonal(shape.output.stop - shape.output.start, draw)[:, :CODE]
    embedding = model.model.embed_tokens.weight
    embedding.mul_(0.1)
    embedding[:, shape.own] = torch.randn(embedding.shape[0], own, generator=draw) * SCALE
    model.lm_head.weight.mul_(0.1)
    model.lm_head.weight[:, shape.output] = embedding[:, shape.own] @ code.T @ show.T * 4.0
    model.model.beacon_embed_tokens.weight.normal_(0, SCALE / 4, generator=draw)
    layers = model.model.layers
    for layer in layers:
        for module in (layer.self_attn.o_proj, layer.self_attn.beacon_o_proj, layer.mlp.down_proj):
            module.weight.mul_(0.1)
    _gather(layers[0].self_attn, shape, code)
    for index in (1, 2):
        _match(layers[index].self_attn, shape, code, show, first_slot=4 * (index - 1))


@torch.no_grad()
def sharpen(model: Any, factor: float) -> None:
    """Make the queries of the matching layers `factor` times as large, in place.

    A match has to stand out among all keys of a memory, and a whole book leaves many times as many
    as any training text: what is lost among few keys is won among many.
    """
    for layer in model.model.layers[1:3]:
        layer.self_attn.q_proj.weight.mul_(factor)
        layer.self_attn.q_proj.bias.mul_(factor)


def _orthogonal(size: int, draw: torch.Generator) -> Tensor:
    q: Tensor = torch.linalg.qr(torch.randn(size, size, generator=draw))[0]
    return q


def _gather(attention: Any, shape: _Shape, code: Tensor, strength: float = 8.0) -> None:
    """Layer 0: heads that look a fixed number of positions back and copy the code found there."""
    # A head's values must hold codes at unit size after the norm, whatever it reads.
    for group in range(shape.heads // shape.groups):
        rows = shape.head(group)
        attention.v_proj.weight[rows][:CODE] = 0
        attention.v_proj.weight[rows][:CODE, shape.own] = code
        attention.beacon_v_proj.weight[rows][:CODE] = 0
        attention.k_proj.bias[rows] = _offset_bias(0, shape, strength)
        attention.beacon_k_proj.bias[rows] = 0
    for head in range(shape.heads):
        rows = shape.head(head)
        attention.beacon_q_proj.bias[rows] = _offset_bias(head + 1, shape, strength)
        written = attention.beacon_o_proj.weight[:, rows]
        written[shape.slot(head + 1), :CODE] = torch.eye(CODE) * SCALE
    for head in range(3):
        rows, place = shape.head(2 * head), shape.before(head + 1)
        attention.q_proj.bias[rows] = _offset_bias(head + 1.1, shape, strength)
        written = attention.o_proj.weight[:, rows]
        written[:, :CODE] = 0
        written[place, :CODE] = torch.eye(CODE)[: place.stop - place.start] * SCALE


def _offset_bias(offset: float, shape: _Shape, strength: float) -> Tensor:
    """A query (or, at offset 0, key) bias whose scores peak `offset` positions back."""
    bias = torch.zeros(shape.size)
    pairs = 6
    theta = 1e8
    angle = -offset * theta ** (-torch.arange(pairs) / shape.half)
    bias[:pairs] = angle.cos() * strength
    bias[shape.half : shape.half + pairs] = angle.sin() * strength
    return bias


def _match(
    attention: Any,
    shape: _Shape,
    code: Tensor,
    show: Tensor,
    first_slot: int,
    strength: float = 2.2,
) -> None:
    """Heads that find where the last tokens stood before, and copy what came next.

    Each key/value head of beacons serves one slot; the first serves raw tokens too.
    """
    for group in range(shape.heads // shape.groups):
        query, rows = shape.head(group * shape.groups), shape.head(group)
        value = first_slot + group + 1
        _look_for(attention.q_proj.weight[query], shape, code, strength)
        slots = [_slots_of(value + 1 + back, value) for back in range(3)]
        starts = [[shape.slot(slot).start for slot in places] for places in slots]
        _be_found_by(attention.beacon_k_proj.weight[rows], shape, starts, strength)
        _hold(attention.beacon_v_proj.weight[rows], shape.slot(value), torch.eye(CODE))
        if group == 0:
            starts = [[shape.before(offset).start] for offset in (1, 2, 3)]
            _be_found_by(attention.k_proj.weight[rows], shape, starts, strength)
            _hold(attention.v_proj.weight[rows], shape.own, code)
        written = attention.o_proj.weight[:, query]
        written[:, :CODE] = 0
        written[shape.output, :CODE] = show * SCALE


def _look_for(query: Tensor, shape: _Shape, code: Tensor, strength: float) -> None:
    """A query made of a token's own code and those of the two before it."""
    for back, dims in enumerate(shape.matched()):
        query[dims] = 0
        if back == 0:
            query[dims, shape.own] = code[: len(dims)] * strength
        else:
            start = shape.before(back).start
            query[dims, start : start + len(dims)] = torch.eye(len(dims)) * strength


def _be_found_by(key: Tensor, shape: _Shape, starts: list[list[int]], strength: float) -> None:
    """A key made of the codes at `starts`: of the last, second and third token to be matched."""
    for dims, places in zip(shape.matched(), starts, strict=True):
        key[dims] = 0
        for start in places:
            key[dims, start : start + len(dims)] = torch.eye(len(dims)) * strength


def _hold(value: Tensor, place: slice, code: Tensor) -> None:
    """A value that is the code read at `place`."""
    value[:CODE] = 0
    value[:CODE, place] = code


def _slots_of(token: int, value: int) -> list[int]:
    """Where the `token`-th token back can stand, by ratio: a beacon ends each group before it."""
    places = {token + (token - 1) // ratio for ratio in (2, 4, 8) if value <= ratio}
    return sorted(place for place in places if place <= 8)
