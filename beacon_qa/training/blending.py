"""Weights between those before a run and those after it: a part of what it changed is kept.

Two sets of weights of which one was trained on from the other lie in one basin, and those between
them are often better at both tasks than either (Wortsman et al., 2022, arXiv 2109.01903). Knows
weights by name; knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def copied(model: nn.Module) -> dict[str, Tensor]:
    """The weights as they are now, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


@torch.no_grad()
def blend(model: nn.Module, before: Mapping[str, Tensor], kept: float) -> None:
    """Take all weights back to `kept` of the way from those `before` to where they are, in place.

    0 takes them all the way back, 1 leaves them where they are.
    """
    for name, tensor in model.state_dict().items():
        tensor.copy_(torch.lerp(before[name].to(tensor), tensor, kept))
