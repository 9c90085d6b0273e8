"""Weights between those before a run and those after it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from beacon_qa.training.blending import blend, copied


@pytest.mark.parametrize("kept", [0.0, 0.4, 1.0])
def test_so_much_is_kept_of_what_changed(kept: float) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    before = copied(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    after = copied(model)
    blend(model, before, kept)
    for name, tensor in model.state_dict().items():
        wanted = before[name] + kept * (after[name] - before[name])
        assert torch.allclose(tensor, wanted, atol=1e-6)
        assert not torch.allclose(before[name], after[name])


def test_a_copy_does_not_change_with_the_model() -> None:
    model = nn.Linear(2, 2)
    before = copied(model)
    with torch.no_grad():
        model.weight.add_(1)
    assert torch.allclose(before["weight"] + 1, model.weight)
