"""Training: what changes and what does not, carrying on, the log, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import Qwen2ForCausalLM

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.cli import main
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.afterwards import AFTERWARDS
from beacon_qa.training.batches import Batch
from beacon_qa.training.beacons import Lessons
from beacon_qa.training.folder import documents_in
from beacon_qa.training.optimizer import make_steps
from beacon_qa.training.progress import loss_by_ratio, ratio_table
from beacon_qa.training.recipe import STEPS, phases
from beacon_qa.training.stretches import Stretches, draw_stretches
from beacon_qa.training.trainer import Plan, choose_parameters, train

PLAN = Plan(steps=6, learning_rate=1e-2, warmup=1, ratios=(2, 4), save_every=1e9)
Batches = Callable[[int], Iterator[Batch]]


@pytest.fixture
def model(tiny_checkpoint: Path) -> Any:
    """The tiny model, loaded anew: training changes it."""
    return load_model(tiny_checkpoint, device="cpu")


def batch(step: int, rows: int = 2, tokens: int = 96) -> Batch:
    """Batch number `step`: counting upwards from a place drawn, as if it were text."""
    rng = np.random.default_rng((9, step))
    starts = rng.integers(10, 3000, (rows, 1))
    return Batch(starts + np.arange(tokens) % 24, np.ones((rows, tokens), np.float32))


def different(first: int) -> Iterator[Batch]:
    """Another batch each step."""
    while True:
        yield batch(first)
        first += 1


def repeated(first: int) -> Iterator[Batch]:
    """The same batch each step."""
    while True:
        yield batch(0)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


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


def test_the_recipe_is_as_it_was_run() -> None:
    assert [phase.until for phase in phases()] == [444, 729, STEPS]
    rows = [[(batch.rows, batch.n) for batch in phase.batches] for phase in phases()]
    assert rows == [[(6, 1024)], [(2, 4096)], [(1, 8192)]]
    for phase in (*phases(), *(phase for run in AFTERWARDS.values() for phase in run)):
        for batch in phase.batches:
            assert sum(batch.shares.values()) == pytest.approx(1.0)
        assert phase.plan().train_base
        assert phase.plan().learning_rate == phase.learning_rate


def test_the_last_run_takes_short_and_long_rows_in_turn() -> None:
    lengths = [AFTERWARDS["widening"][-1].batch(step).n for step in range(10)]
    assert lengths == [1024, 4096, 1024, 4096, 1024, 4096, 1024, 8192, 1024, 4096]


def test_a_shorter_run_is_the_beginning_of_the_recipe_and_a_longer_one_goes_on() -> None:
    assert [phase.until for phase in phases(20)] == [20]
    assert phases(20)[0].plan().rate(10) == phases()[0].plan().rate(10)
    assert [phase.until for phase in phases(500)] == [444, 500]
    assert [phase.until for phase in phases(STEPS + 100)] == [444, 729, STEPS + 100]


def test_a_plan_leaves_out_ratios_that_do_not_divide_the_window() -> None:
    assert Lessons(steps=10, tokens=96).plan(24).ratios == (2, 4, 8)
    with pytest.raises(TrainingError, match="window of 27"):
        Lessons(steps=10, tokens=96).plan(27)


@pytest.fixture
def stretches(tiny_checkpoint: Path, text_file: Path) -> Stretches:
    prompts = Prompts(load_tokenizer(tiny_checkpoint))
    return draw_stretches(documents_in(text_file), prompts, rows=3, tokens=80, seed=5)


def test_stretches_are_pieces_of_the_text(stretches: Stretches) -> None:
    ids, weights = stretches.batch(7)[:2]
    assert ids.shape == weights.shape == (3, 80)
    opening = len(stretches.opening)
    assert opening == 1
    text = stretches.ids.tolist()
    for row, weight in zip(ids.tolist(), weights.tolist(), strict=True):
        assert tuple(row[:opening]) == stretches.opening
        assert weight == [0.0] * opening + [1.0] * (80 - opening)
        piece = row[opening:]
        assert any(text[i : i + 79] == piece for i in range(len(text) - 78))


def test_batches_from_a_later_step_are_the_same(stretches: Stretches) -> None:
    made = stretches.batches()(0)
    for _ in range(3):
        next(made)
    assert np.array_equal(next(made).ids, next(stretches.batches()(3)).ids)
    assert not np.array_equal(stretches.batch(3).ids, stretches.batch(4).ids)


def test_texts_shorter_than_a_row_are_refused(tiny_checkpoint: Path, text_file: Path) -> None:
    prompts = Prompts(load_tokenizer(tiny_checkpoint))
    with pytest.raises(TrainingError, match="give more texts"):
        draw_stretches(documents_in(text_file), prompts, rows=1, tokens=10**6, seed=0)


def command(base: Path, text_file: Path, out: Path, steps: int, *more: str) -> int:
    words = ["--base", str(base), "--texts", str(text_file.parent), "--out", str(out)]
    return main(["train", *words, "--steps", str(steps), "--device", "cpu", *more])


def test_the_command_teaches_beacons_to_a_plain_model_and_carries_on(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    plain = Qwen2ForCausalLM.from_pretrained(tiny_checkpoint)
    for field in [key for key in vars(plain.config) if key.startswith("beacon_")]:
        delattr(plain.config, field)
    plain.save_pretrained(base)
    load_tokenizer(tiny_checkpoint).save_pretrained(base)
    assert command(base, text_file, out, 2, "--tokens", "96", "--window", "32") == 0
    assert command(base, text_file, out, 4, "--tokens", "96", "--window", "32") == 0
    told = capsys.readouterr().out
    assert f"4 of 4 steps done; the model is in {out}" in told
    assert "loss by ratio" in told
    assert [row["step"] for row in rows_of(out / "training")] == [0, 1, 2, 3]
    trained = load_model(out, device="cpu")
    assert trained.beacon.window == 32
    own = plain.state_dict()
    found = trained.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in own.items())
    layer = trained.model.layers[0].self_attn
    assert not torch.equal(layer.beacon_k_proj.weight, layer.k_proj.weight)
    assert Prompts(load_tokenizer(out)).plain


def test_rows_that_fill_no_window_are_refused(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tiny_checkpoint, text_file, tmp_path / "out", 2, "--tokens", "32") == 2
    assert "give --tokens 64 or more" in capsys.readouterr().err


def test_the_command_trains_a_builtin_model_from_scratch(
    text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--builtin", "--texts", str(text_file.parent), "--out", str(tmp_path / "out")]
    assert main(["train", *words, "--steps", "1", "--device", "cpu"]) == 0
    assert "1 of 1 steps done" in capsys.readouterr().out
    model = load_model(tmp_path / "out", device="cpu")
    assert model.beacon.window == 128
    assert (tmp_path / "out" / "training" / "packed" / "index.json").exists()


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
