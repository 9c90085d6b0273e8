"""What moves the weights: AdamW, or Muon for the layers' matrices and AdamW for all else.

Muon makes the steps of a matrix orthogonal, so that no direction waits for another; from the same
weights, on the same batches, it was ahead of AdamW from the tenth step on (docs/training.md).
Knows parameters by name; knows nothing of models or losses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from beacon_qa.training.muon import Muon


class Steps:
    """Optimisers of different parameters, used as one."""

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self._optimizers = tuple(optimizers)
        self._owners = {
            parameter: optimizer
            for optimizer in optimizers
            for group in optimizer.param_groups
            for parameter in group["params"]
        }

    def state(self, parameter: nn.Parameter) -> dict[str, Any]:
        """What is kept about a parameter between steps; empty before the first."""
        state: dict[str, Any] = self._owners[parameter].state[parameter]
        return state

    def set_rate(self, rate: float) -> None:
        """Learn at `rate` from now on, each group at its own scale of it."""
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]

    def step(self) -> None:
        """Move all parameters by their gradients."""
        for optimizer in self._optimizers:
            optimizer.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)


def make_steps(trained: Mapping[str, nn.Parameter], *, attention_scale: float, muon: bool) -> Steps:
    """The optimisers of `trained`; attention learns at `attention_scale` of the rate."""
    matrices = {
        name: p for name, p in trained.items() if muon and p.ndim == 2 and ".layers." in name
    }
    others = {name: p for name, p in trained.items() if name not in matrices}
    made: list[torch.optim.Optimizer] = []
    if groups := _groups(matrices, attention_scale):
        # Its steps are as large as AdamW's would be, so that one learning rate serves both.
        made.append(Muon(groups))
    if groups := _groups(others, attention_scale):
        made.append(torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0))
    return Steps(made)


def _groups(trained: Mapping[str, nn.Parameter], attention_scale: float) -> list[dict[str, Any]]:
    attention = [p for name, p in trained.items() if "self_attn" in name]
    others = [p for name, p in trained.items() if "self_attn" not in name]
    groups = [{"params": attention, "scale": attention_scale}, {"params": others, "scale": 1.0}]
    return [group for group in groups if group["params"]]
