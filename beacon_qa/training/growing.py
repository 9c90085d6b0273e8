"""A larger model that computes what a smaller one did: twice as wide, and deeper.

What was learnt is kept, and there is room for more (Chen, Goodfellow and Shlens, 2015, Net2Net,
arXiv 1511.05641). Every state is written twice, side by side,

    state   | x | x |            matrix that reads it   | W/2 + N | W/2 - N |

so that a matrix reads the same from it whatever N is; N is noise, without which both halves would
learn the same for ever. Heads stay as they are. Half of an MLP's neurons and whole layers behind
the last are new: they write nothing yet. Knows weights by name; knows nothing of training.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.identity import identify

NOISE = 0.35
"""How large N is, against the spread of the matrix's rows."""
_FRESH = 0.03
"""The spread of new projections; what writes behind them is zero."""


def grown(model: Any, layers: int, *, seed: int = 0) -> Any:
    """A model twice as wide with so many `layers`, which predicts what `model` does, to rounding.

    For a Qwen2 model of the built-in's kind: no other matrices than those, no tied head.
    """
    config = copy.deepcopy(model.config)
    config.head_dim = model.model.layers[0].self_attn.head_dim
    config.hidden_size *= 2
    config.intermediate_size *= 2
    config.num_hidden_layers = layers
    config.layer_types = [config.layer_types[0]] * layers
    made = type(model)(config)
    random = torch.Generator().manual_seed(seed)
    before = {name: tensor.detach().float().cpu() for name, tensor in model.state_dict().items()}
    after = {name: _widened(name, tensor, random) for name, tensor in before.items()}
    for layer in range(model.config.num_hidden_layers, layers):
        after |= _silent_layer(after, layer, random)
    made.load_state_dict(after)
    made.complete(identify(made, "grown", None, torch.float32, None, ""))
    return made.train(model.training)


def _widened(name: str, tensor: Tensor, random: torch.Generator) -> Tensor:
    kind = name.removesuffix(".weight").rpartition(".")[2]
    if name.endswith(".bias"):
        return tensor
    if "norm" in kind:
        return torch.cat((tensor, tensor))
    if "embed" in kind:
        return torch.cat((tensor, tensor), dim=1)
    if kind.endswith("o_proj"):
        return torch.cat((tensor, tensor), dim=0)
    if kind == "down_proj":
        written = torch.cat((tensor, tensor), dim=0)
        return torch.cat((written, torch.zeros_like(written)), dim=1)
    read = _reading_twice(tensor, random)
    if kind in ("gate_proj", "up_proj"):
        fresh = torch.randn(read.shape, generator=random) * tensor.std() * 0.5**0.5
        return torch.cat((read, fresh), dim=0)
    return read


def _reading_twice(matrix: Tensor, random: torch.Generator) -> Tensor:
    noise = torch.randn(matrix.shape, generator=random) * matrix.std(dim=1, keepdim=True) * NOISE
    return torch.cat((matrix / 2 + noise, matrix / 2 - noise), dim=1)


def _silent_layer(
    weights: Mapping[str, Tensor], layer: int, random: torch.Generator
) -> dict[str, Tensor]:
    """A layer shaped like the first one; its beacons start as copies (spec section 3)."""
    made: dict[str, Tensor] = {}
    for name, like in weights.items():
        if ".layers.0." not in name or "beacon" in name:
            continue
        if "norm" in name:
            new = torch.ones_like(like)
        elif "o_proj" in name or "down_proj" in name or name.endswith(".bias"):
            new = torch.zeros_like(like)
        else:
            new = torch.randn(like.shape, generator=random) * _FRESH
        beacon = name.replace(".self_attn.", ".self_attn.beacon_")
        for one in {name, beacon} & weights.keys():
            made[one.replace(".layers.0.", f".layers.{layer}.")] = new.clone()
    return made
