"""Many matrices moved at once: as the library's own Muon moves them one by one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from beacon_qa.training.muon import Muon, orthogonal

SHAPES = ((24, 40), (40, 24), (24, 40), (32, 32))
STEPS, RATE = 6, 0.01


def matrices(seed: int) -> list[nn.Parameter]:
    random = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=random)) for shape in SHAPES]


def moved(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> list[torch.Tensor]:
    """The matrices after some steps along gradients drawn anew."""
    random = torch.Generator().manual_seed(9)
    for group in optimizer.param_groups:
        group["lr"] = RATE
    for _ in range(STEPS):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=random)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


def test_they_move_as_one_by_one() -> None:
    start, ours, theirs = matrices(1), matrices(1), matrices(1)
    one_by_one = torch.optim.Muon(
        theirs, momentum=0.95, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
    )
    expected = moved(one_by_one, theirs)
    found = moved(Muon([{"params": ours}]), ours)
    for one, other, before in zip(found, expected, start, strict=True):
        way = float((other - before.detach()).norm())
        assert way > 0.1
        # Products are made in 16 bits.
        assert float((one - other).norm()) < 0.02 * way


def test_another_momentum_moves_them_otherwise() -> None:
    ours, others = matrices(1), matrices(1)
    found = moved(Muon([{"params": ours}]), ours)
    expected = moved(Muon([{"params": others}], momentum=0.5), others)
    assert float((found[0] - expected[0]).norm()) > 0.05


def test_what_has_no_gradient_stays() -> None:
    ours, before = matrices(1), matrices(1)
    for parameter in ours[1:]:
        parameter.grad = torch.ones_like(parameter)
    Muon([{"params": ours}]).step()
    assert torch.equal(ours[0], before[0])
    assert not torch.equal(ours[1], before[1])


@pytest.mark.parametrize("shape", [(3, 20, 30), (3, 30, 20)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
    assert values.min() > 0.3
    assert values.max() < 1.4
