"""Training: what changes and what does not, carrying on, and the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import PLAN, batch, different, repeated, rows_of
from torch import Tensor

from beacon_qa.beacon import load_model
from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch
from beacon_qa.training.optimizer import make_steps
from beacon_qa.training.progress import loss_by_ratio, ratio_table
from beacon_qa.training.trainer import choose_parameters, train


@pytest.fixture
def model(tiny_checkpoint: Path) -> Any:
    """The tiny model, loaded anew: training changes it."""
    return load_model(tiny_checkpoint, device="cpu")


def copied(model: Any) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_loss_falls_on_a_repeated_batch(model: Any, tmp_path: Path) -> None:
    plan = replace(PLAN, steps=20, ratios=(4,), train_base=True)
    assert train(model, repeated, plan, tmp_path) == 20
    losses = [row["loss"] for row in rows_of(tmp_path)]
    assert losses[-1] < 0.7 * losses[0]


def test_beacons_alone_learn_and_the_base_stays_as_it_was(model: Any, tmp_path: Path) -> None:
    before = copied(model)
    plan = replace(PLAN, steps=20, ratios=(4,))
    train(model, repeated, plan, tmp_path)
    losses = [row["loss"] for row in rows_of(tmp_path)]
    assert losses[-1] < losses[0]
    changed = {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}
    assert changed
    assert all("beacon" in name for name in changed)


@pytest.mark.parametrize("muon", [False, True])
def test_some_batches_may_leave_the_base_as_it_is(model: Any, tmp_path: Path, muon: bool) -> None:
    """Between batches from which all learn, whose momentum must not move it either."""
    kept: list[dict[str, Tensor]] = []

    def batches(first: int) -> Iterator[Batch]:
        for step in range(first, 4):
            kept.append(copied(model))
            yield batch(step)._replace(base=step % 2 == 0)

    # A plain step would teach the beacons nothing: there is none where they alone learn.
    plan = replace(PLAN, steps=4, train_base=True, plain_share=1.0, muon=muon)
    train(model, batches, plan, tmp_path)
    kept.append(copied(model))
    for step in range(4):
        changed = {n for n, t in kept[step].items() if not torch.equal(t, kept[step + 1][n])}
        assert any("beacon" in name for name in changed) == (step % 2 == 1)
        assert any("beacon" not in name for name in changed) == (step % 2 == 0)


def test_some_batches_may_be_read_without_condensing_them(model: Any, tmp_path: Path) -> None:
    def batches(first: int) -> Iterator[Batch]:
        return (batch(step)._replace(plain=step == 1) for step in range(first, 3))

    train(model, batches, replace(PLAN, steps=3, train_base=True), tmp_path)
    assert [row["ratio"] == "plain" for row in rows_of(tmp_path)] == [False, True, False]


@pytest.mark.parametrize("muon", [False, True])
def test_a_run_that_is_stopped_and_resumed_ends_as_one_unbroken(
    muon: bool, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    plan = replace(PLAN, muon=muon)
    unbroken, broken = (load_model(tiny_checkpoint, device="cpu") for _ in range(2))
    assert train(unbroken, different, plan, tmp_path / "unbroken") == 6
    done = iter((False, False, False, True))
    assert train(broken, different, plan, tmp_path / "a", should_stop=lambda: next(done)) == 3
    resumed = load_model(tiny_checkpoint, device="cpu")
    assert train(resumed, different, plan, tmp_path / "a") == 6
    wanted = unbroken.state_dict()
    assert all(torch.equal(t, wanted[n]) for n, t in resumed.state_dict().items())
    assert any(not torch.equal(t, wanted[n]) for n, t in broken.state_dict().items())
    told = [{k: row[k] for k in ("step", "ratio", "loss")} for row in rows_of(tmp_path / "a")]
    assert [row["step"] for row in told] == list(range(6))
    assert [row["loss"] for row in told] == [r["loss"] for r in rows_of(tmp_path / "unbroken")]


def test_muon_moves_the_matrices_of_the_layers_and_adamw_all_else(model: Any) -> None:
    trained = choose_parameters(model, train_base=True)
    steps = make_steps(trained, attention_scale=0.5, muon=True)
    before = copied(model)
    for parameter in trained.values():
        parameter.grad = torch.randn_like(parameter)
    steps.set_rate(1e-3)
    steps.step()
    kept = {name: set(steps.state(parameter)) for name, parameter in trained.items()}
    matrices = {name for name, state in kept.items() if state == {"momentum_buffer"}}
    assert matrices == {n for n, p in trained.items() if ".layers." in n and p.ndim == 2}
    assert all("exp_avg" in state for name, state in kept.items() if name not in matrices)
    moved = {name: (p - before[name]).norm() / p.numel() ** 0.5 for name, p in trained.items()}
    # Attention moves at half the rate of the rest.
    own, mlp = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight"
    assert 0.3 < moved[own] / moved[mlp] < 0.7


@pytest.mark.parametrize("ratio", [2, 4])
def test_what_is_read_without_gradients_counts_as_if_read_with_them(
    model: Any, tiny_checkpoint: Path, tmp_path: Path, ratio: int
) -> None:
    """The loss is that of a reading in one; the gradients of the far part alone are missing."""
    ids = batch(3, rows=2, tokens=128).ids
    weights = np.ones(ids.shape, np.float32)
    weights[:, :65] = 0
    plan = replace(PLAN, steps=1, ratios=(ratio,), precision=32)
    found = {}
    for far in (0, 64):
        one = load_model(tiny_checkpoint, device="cpu")
        train(
            one,
            lambda first, far=far: iter([Batch(ids, weights, (), far)]),
            plan,
            tmp_path / f"{far}",
        )
        found[far] = rows_of(tmp_path / f"{far}")[0]
    assert found[64]["loss"] == pytest.approx(found[0]["loss"], abs=1e-4)
    assert found[64]["norm"] < 0.98 * found[0]["norm"]


def test_a_folder_with_a_run_of_another_model_is_refused(model: Any, tmp_path: Path) -> None:
    train(model, different, replace(PLAN, steps=1), tmp_path)
    with pytest.raises(TrainingError, match="another model"):
        train(model, different, replace(PLAN, train_base=True), tmp_path)


def test_a_damaged_checkpoint_is_refused(model: Any, tmp_path: Path) -> None:
    train(model, different, replace(PLAN, steps=1), tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(TrainingError, match="damaged"):
        train(model, different, PLAN, tmp_path)


def test_the_log_tells_the_loss_by_ratio(model: Any, tmp_path: Path) -> None:
    plan = replace(PLAN, steps=16, mixed_share=0.3, plain_share=0.2, train_base=True)
    train(model, different, plan, tmp_path)
    found = loss_by_ratio(tmp_path / "log.jsonl")
    assert list(found) == ["plain", "2", "4", "mixed"]
    assert sum(steps for _, steps in found.values()) == 16
    rows = [row["loss"] for row in rows_of(tmp_path) if row["ratio"] == "4"]
    assert found["4"][0] == pytest.approx(sum(rows) / len(rows))
    assert f"{found['4'][0]:.3f}" in ratio_table(tmp_path / "log.jsonl")


def test_a_step_done_twice_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [{"step": 0, "ratio": "2", "loss": 3.0}, {"step": 0, "ratio": "2", "loss": 1.0}]
    log.write_text("\n".join(map(json.dumps, rows)))
    assert loss_by_ratio(log) == {"2": (1.0, 1)}


def test_plain_steps_with_a_frozen_base_are_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    model = load_model(tiny_checkpoint, device="cpu")
    plan = replace(PLAN, plain_share=0.5, train_base=False)
    with pytest.raises(TrainingError, match="plain_share"):
        train(model, lambda first: iter(()), plan, tmp_path)


def test_windows_read_in_one_pass_teach_the_same(tiny_checkpoint: Path, tmp_path: Path) -> None:
    losses = {}
    for abreast in (False, True):
        model = load_model(tiny_checkpoint, device="cpu")
        folder = tmp_path / str(abreast)
        train(model, different, replace(PLAN, abreast=abreast), folder)
        losses[abreast] = [row["loss"] for row in rows_of(folder)]
    # Products in bfloat16 are summed in another order.
    assert losses[True] == pytest.approx(losses[False], abs=0.05)
    assert losses[True] != pytest.approx([losses[False][0]] * PLAN.steps, abs=0.05)
