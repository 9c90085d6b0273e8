"""All windows in one pass: the loss and gradients of reading window by window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import assert_close, assert_gradients, case_names, open_case
from tiny_models import make_checkpoint, random_ids
from torch import Tensor

from beacon_qa.beacon import load_model, parallel
from beacon_qa.beacon.parallel import loss_abreast
from beacon_qa.errors import ConfigError, ModelError

Measured = tuple[Tensor, dict[str, Tensor | None]]


def training_model(folder: Path, architecture: str = "qwen2", **fields: Any) -> Any:
    return load_model(make_checkpoint(folder, architecture, **fields), device="cpu").train()


def measured(model: Any, loss: Tensor) -> Measured:
    """The loss and the gradient of every parameter."""
    model.zero_grad(set_to_none=True)
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in model.named_parameters()}


def one_by_one(model: Any, ids: Tensor, ratios: tuple[int, ...], weights: Tensor) -> Measured:
    memory = model.new_memory(ratios)
    out = model(input_ids=ids, past_key_values=memory, labels=ids, label_weights=weights)
    return measured(model, out.loss)


def agree(one: Measured, other: Measured, tolerance: float = 1e-4) -> bool:
    """The losses and all gradients are equal, relative to their size."""
    close = abs(one[0] / other[0] - 1) < 1e-5
    for name, expected in one[1].items():
        given = other[1][name]
        if expected is None or given is None:
            # A beacon's query in the last layer serves nobody, and has no gradient or one of zero.
            close &= all(g is None or not g.any() for g in (expected, given))
        else:
            close &= bool((given - expected).norm() <= tolerance * expected.norm() + 1e-7)
    return bool(close)


@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama", "mistral"])
@pytest.mark.parametrize(
    ("tokens", "ratios"),
    [(64, (4,)), (70, (2,)), (17, (8,)), (16, (4,)), (91, (2, 16, 1, 4)), (83, (16,)), (50, (0,))],
)
def test_loss_and_gradients_are_those_of_reading_window_by_window(
    architecture: str, tokens: int, ratios: tuple[int, ...], tmp_path: Path
) -> None:
    model = training_model(tmp_path, architecture)
    ids, weights = random_ids(3, 2, tokens), torch.rand(2, tokens)
    expected = one_by_one(model, ids, ratios, weights)
    assert agree(expected, measured(model, loss_abreast(model, ids, ratios, weights)))


@pytest.mark.parametrize("params", [["q"], ["k", "v"], ["q", "k", "v", "o"]])
def test_only_the_given_projections_are_the_beacons_own(params: list[str], tmp_path: Path) -> None:
    model = training_model(tmp_path, beacon_param=params, num_key_value_heads=4)
    ids, weights = random_ids(4, 1, 60), torch.ones(1, 60)
    expected = one_by_one(model, ids, (4,), weights)
    assert agree(expected, measured(model, loss_abreast(model, ids, (4,))))


@pytest.mark.parametrize("wrong", ["shift", "before"])
def test_a_layout_that_is_wrong_is_noticed(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_abreast = parallel.lay_abreast

    def mislaid(*args: Any) -> Any:
        layout = lay_abreast(*args)
        if wrong == "shift":  # beacons stay where they were written
            return replace(layout, shift=torch.zeros_like(layout.shift))
        return replace(layout, before=(0, *layout.before[:-1]))  # each window misses the last one

    model = training_model(tmp_path)
    ids, weights = random_ids(5, 1, 80), torch.ones(1, 80)
    expected = one_by_one(model, ids, (4,), weights)
    monkeypatch.setattr(parallel, "lay_abreast", mislaid)
    assert not agree(expected, measured(model, loss_abreast(model, ids, (4,), weights)))


@pytest.mark.parametrize("name", [n for n in case_names("train") if "sink" not in n])
def test_the_recorded_losses_and_gradients_are_met(name: str) -> None:
    case = open_case(name)
    model = load_model(case.checkpoint, device="cpu", **case.overrides).train()
    ratios = [ratio for ratio in case.tensors["step_ratio"].tolist() if ratio > 0]
    weights = (case.tensors["labels"] != -100).float()
    loss, gradients = measured(model, loss_abreast(model, case.ids, ratios, weights))
    assert_close(loss / case.tensors["loss"][0], torch.tensor(1.0), 1e-5)
    assert_gradients(case, gradients)


def test_what_cannot_be_read_in_one_pass_is_refused(tmp_path: Path) -> None:
    ids = random_ids(6, 1, 40)
    with pytest.raises(ModelError, match="without sinks"):
        loss_abreast(training_model(tmp_path / "sink", beacon_sink_size=1), ids, (4,))
    model = training_model(tmp_path / "plain")
    with pytest.raises(ModelError, match="ratios of 1 or more"):
        loss_abreast(model, ids, (4, 0))
    with pytest.raises(ConfigError, match="does not divide"):
        loss_abreast(model, ids, (5,))
