"""The slow reference computes what was recorded, and its deliberate mistakes are noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import (
    Case,
    assert_committed,
    assert_generated,
    assert_gradients,
    assert_losses,
    assert_prompt_logits,
    case_names,
    difference,
    open_case,
)
from reference import MISTAKES, Reference, State
from torch import Tensor


def reference_for(case: Case, scratch: Path, **switches: Any) -> Reference:
    start = case.starts_beacons
    return Reference(case.folder(scratch), start_beacons=start, **case.overrides, **switches)


def feed_prompt(reference: Reference, case: Case) -> tuple[Tensor, State]:
    """The logits of the whole prompt, fed in the pieces that the case says, and the state then."""
    state = reference.new_state(len(case.ids))
    lengths = case.settings.get("chunks", [case.ids.shape[1]])
    pieces = [reference.feed(state, piece) for piece in torch.split(case.ids, lengths, dim=1)]
    return torch.cat(pieces, dim=1), state


def assert_steps(case: Case, state: State) -> None:
    recorded, steps = case.tensors, state.steps
    assert [step.end for step in steps] == recorded["window_end"].tolist()
    assert [step.full for step in steps] == recorded["window_full"].bool().tolist()
    ratios = [-1 if step.ratio is None else step.ratio for step in steps]
    assert ratios == recorded["step_ratio"].tolist()
    beacons = [-1 if step.ratio == 0 else step.beacons for step in steps]
    assert beacons == recorded["step_beacons"].tolist()
    assert [step.sizes for step in steps] == case.sizes


@pytest.mark.parametrize("name", case_names("forward", "generate", "chunked", "loss"))
def test_a_prompt_gives_the_recorded_logits_and_memory(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    logits, state = feed_prompt(reference_for(case, tmp_path), case)
    assert_prompt_logits(case, logits)
    assert_steps(case, state)
    memory = slice(state.sink, state.sink + state.committed)
    assert_committed(case, state.keys[-1][:, :, memory], state.values[-1][:, :, memory])


@pytest.mark.parametrize("name", case_names("generate"))
def test_greedy_decoding_gives_the_recorded_ids(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    reference = reference_for(case, tmp_path)
    state, new_tokens = reference.new_state(len(case.ids)), case.settings["new_tokens"]
    assert_generated(case, *reference.generate(state, case.ids, new_tokens))
    assert [step.sizes for step in state.steps[-new_tokens:]] == case.generated_sizes


@pytest.mark.parametrize("name", case_names("loss"))
def test_labels_give_the_recorded_losses(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    loss = reference_for(case, tmp_path).loss(case.ids, case.tensors["labels"])
    assert_losses(case, *loss)


@pytest.mark.parametrize("name", case_names("train"))
def test_training_gives_the_recorded_losses_and_gradients(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    reference = reference_for(case, tmp_path)
    weights = reference.decoder.weights
    beacons = {k: w.requires_grad_() for k, w in weights.items() if "beacon" in k}
    state = reference.new_state(len(case.ids))
    assert_prompt_logits(case, reference.feed(state, case.ids, training=True))
    assert_steps(case, state)
    loss, batch_loss = reference.loss(case.ids, case.tensors["labels"], training=True)
    assert_losses(case, loss, batch_loss)
    torch.autograd.backward(loss)
    assert set(case.grad_norms) == set(beacons)
    assert_gradients(case, {k: w.grad for k, w in beacons.items()})


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_deliberate_mistake_is_far_outside_the_tolerance(mistake: str, tmp_path: Path) -> None:
    case = open_case("qwen2-seq248")
    logits, _ = feed_prompt(reference_for(case, tmp_path, **MISTAKES[mistake]), case)
    assert difference(logits, case.tensors["logits"]) > 1.0


@pytest.mark.parametrize("name", ["llama-sink3-r2", "qwen2-nondiv-r7"])
def test_odd_sinks_and_ratios_follow_the_record_too(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    logits, state = feed_prompt(reference_for(case, tmp_path), case)
    assert_prompt_logits(case, logits)
    assert_steps(case, state)


def test_a_sink_is_the_beginning_of_the_text_however_it_is_fed(tmp_path: Path) -> None:
    case = open_case("llama-sink1-seq248")
    reference = reference_for(case, tmp_path)
    state = reference.new_state()
    pieces = [reference.feed(state, piece) for piece in torch.split(case.ids, 17, dim=1)]
    assert_prompt_logits(case, torch.cat(pieces, dim=1))
    assert state.sizes == case.sizes[-1]


def test_float32_is_within_the_tolerance_as_well(tmp_path: Path) -> None:
    case = open_case("qwen2-seq248")
    logits, _ = feed_prompt(reference_for(case, tmp_path, dtype=torch.float32), case)
    assert_prompt_logits(case, logits)
