"""The product reproduces what was recorded, through the names its users call."""

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
from random_cases import read
from reference import Reference
from torch import Tensor

from beacon_qa.beacon import Memory, load_model
from beacon_qa.errors import ConfigError, ModelError

PROMPTS = case_names("forward", "generate", "chunked", "loss")
Sizes = list[tuple[int, ...]]


def load(case: Case, scratch: Path, **overrides: Any) -> Any:
    return load_model(
        case.folder(scratch),
        device="cpu",
        dtype=torch.float32,
        start_beacons=case.starts_beacons,
        **(case.overrides | overrides),
    )


class SizesAtEachToken:
    """A stopping criterion that never stops, and notes the memory's sizes as it is asked."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.noted: Sizes = []

    def __call__(self, ids: Tensor, scores: Tensor, **kwargs: Any) -> Tensor:
        self.noted.append(self.memory.sizes)
        return torch.zeros(len(ids), dtype=torch.bool)


def generate(model: Any, memory: Memory, ids: Tensor, count: int) -> tuple[Tensor, Tensor, Sizes]:
    """Greedy new ids, the logits they were picked from, and the sizes at each."""
    watch = SizesAtEachToken(memory)
    output = model.generate(
        ids,
        past_key_values=memory,
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=None,
        stopping_criteria=[watch],
        return_dict_in_generate=True,
        output_logits=True,
    )
    return output.sequences[:, ids.shape[1] :], torch.stack(output.logits, dim=1), watch.noted


def assert_memory(case: Case, memory: Memory) -> None:
    assert memory.sizes == case.sizes[-1]
    assert memory.kept == sum(case.sizes[-1])
    assert memory.tokens == case.ids.shape[1]
    full = case.tensors["window_full"].bool()
    assert memory.windows == int(full.sum())
    assert list(memory.ratios) == case.tensors["step_ratio"][full].tolist()


def assert_committed_keys(case: Case, memory: Memory) -> None:
    """The cache holds keys rotated to where they stand; undo that with the reference's rotation."""
    sink, committed, _ = memory.sizes
    where = torch.arange(sink, sink + committed)
    last: Any = memory.layers[-1]
    keys, values = last.keys[:, :, where], last.values[:, :, where]
    decoder = Reference(case.checkpoint, dtype=torch.float32, **case.overrides).decoder
    assert_committed(case, decoder.rotate(keys, -where), values)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_in_one_call_gives_the_recorded_logits_and_memory(
    name: str, tmp_path: Path
) -> None:
    case = open_case(name)
    model = load(case, tmp_path)
    memory = model.new_memory()
    assert_prompt_logits(case, read(model, memory, case.ids))
    assert_memory(case, memory)
    assert_committed_keys(case, memory)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_fed_step_by_step_has_the_recorded_size_at_each(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    model = load(case, tmp_path)
    ratios = case.tensors["step_ratio"].tolist()
    # An adapt mix looks at the length of the first call, so here its choice is given instead.
    adapts = case.overrides.get("beacon_ratio_mix", "").startswith("adapt-")
    memory = model.new_memory(ratio=ratios[0] if adapts else None)
    logits, sizes = [], []
    for piece in torch.split(case.ids, case.steps, dim=1):
        logits.append(read(model, memory, piece))
        sizes.append(memory.sizes)
    assert sizes == case.sizes
    assert_prompt_logits(case, torch.cat(logits, dim=1))
    assert_committed_keys(case, memory)


@pytest.mark.parametrize("name", case_names("chunked"))
def test_a_prompt_in_chunks_has_the_recorded_size_after_each(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    model = load(case, tmp_path)
    memory = model.new_memory()
    by_end = dict(zip(case.tensors["window_end"].tolist(), case.sizes, strict=True))
    logits = []
    for piece in torch.split(case.ids, case.settings["chunks"], dim=1):
        logits.append(read(model, memory, piece))
        assert memory.sizes == by_end[memory.tokens]
    assert_prompt_logits(case, torch.cat(logits, dim=1))
    assert_committed_keys(case, memory)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_call_returns_the_raw_tokens_of_its_last_step(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    if "chunks" in case.settings:
        *earlier, last = torch.split(case.ids, case.settings["chunks"], dim=1)
    else:
        earlier, last = [], case.ids
    model = load(case, tmp_path)
    memory = model.new_memory()
    for piece in earlier:
        model(input_ids=piece, past_key_values=memory)
    logits = model(input_ids=last, past_key_values=memory).logits
    assert logits.shape[1] == case.steps[-1]
    everything = model.new_memory()
    rows = torch.cat([read(model, everything, piece) for piece in (*earlier, last)], dim=1)
    assert difference(logits, rows[:, -logits.shape[1] :]) <= 1e-5
    assert_prompt_logits(case, rows)


@pytest.mark.parametrize("name", case_names("generate"))
def test_greedy_generation_gives_the_recorded_ids_and_sizes(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    model = load(case, tmp_path)
    memory = model.new_memory()
    ids, logits, sizes = generate(model, memory, case.ids, case.settings["new_tokens"])
    assert_generated(case, ids, logits)
    assert sizes == case.generated_sizes


@pytest.mark.parametrize("name", case_names("loss"))
def test_labels_give_the_recorded_losses(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    model = load(case, tmp_path)
    memory = model.new_memory()
    output = model(
        input_ids=case.ids,
        attention_mask=case.tensors["attention_mask"],
        labels=case.tensors["labels"],
        past_key_values=memory,
        logits_to_keep=0,
    )
    assert_losses(case, output.loss, output.batch_loss)
    assert_prompt_logits(case, output.logits)
    assert memory.sizes == case.sizes[-1]


@pytest.mark.parametrize("name", case_names("train"))
def test_training_gives_the_recorded_losses_and_gradients(name: str, tmp_path: Path) -> None:
    case = open_case(name)
    model = load(case, tmp_path).train()
    for parameter_name, parameter in model.named_parameters():
        parameter.requires_grad_("beacon" in parameter_name)
    memory, labels = model.new_memory(), case.tensors["labels"]
    output = model(input_ids=case.ids, labels=labels, past_key_values=memory, logits_to_keep=0)
    output.loss.backward()
    assert_losses(case, output.loss, output.batch_loss)
    assert_prompt_logits(case, output.logits)
    assert memory.sizes == case.sizes[-1]
    gradients = {k: p.grad for k, p in model.named_parameters() if p.requires_grad}
    assert set(gradients) == set(case.grad_norms)
    assert_gradients(case, gradients)


def test_a_sink_that_holds_a_beacon_follows_the_record(tmp_path: Path) -> None:
    case = open_case("llama-sink3-r2")
    model = load(case, tmp_path)
    memory = model.new_memory()
    assert_prompt_logits(case, read(model, memory, case.ids))
    assert_memory(case, memory)
    assert_committed_keys(case, memory)


def test_a_sink_is_the_beginning_of_a_text_shorter_than_a_window_too(tmp_path: Path) -> None:
    """The record overwrites the sink at each step here; the right sink needs no call boundaries."""
    case = open_case("llama-sink1-short")
    model = load(case, tmp_path)
    assert_prompt_logits(case, read(model, model.new_memory(), case.ids))
    ids, logits, _ = generate(model, model.new_memory(), case.ids, case.settings["new_tokens"])
    whole = torch.cat([case.ids, ids[:, :-1]], dim=1)
    at_once = read(model, model.new_memory(), whole)[:, -ids.shape[1] :]
    assert difference(logits, at_once) <= 1e-4
    recorded = case.tensors["generated_logits"]
    assert difference(logits[:, case.generated_logits_steps], recorded) > 0.1


@pytest.mark.parametrize("name", ["qwen2-append-r4", "qwen2-nondiv-r7"])
def test_a_form_that_loses_tokens_or_is_not_ours_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(open_case(name), tmp_path)


def test_left_padding_is_refused_when_called(tmp_path: Path) -> None:
    case = open_case("qwen2-leftpad-r4")
    model, mask = load(case, tmp_path), case.tensors["attention_mask"]
    memory = model.new_memory()
    with pytest.raises(ModelError, match="left"):
        model(input_ids=case.ids, attention_mask=mask, past_key_values=memory)
    assert memory.tokens == 0


def test_left_padding_is_refused_when_generating(tmp_path: Path) -> None:
    case = open_case("qwen2-leftpad-r4")
    model, mask = load(case, tmp_path), case.tensors["attention_mask"]
    memory = model.new_memory()
    with pytest.raises(ModelError, match="left"):
        model.generate(case.ids, attention_mask=mask, past_key_values=memory, max_new_tokens=2)
    assert memory.tokens == 0


def test_a_row_alone_is_not_what_left_padding_made_of_it(tmp_path: Path) -> None:
    case = open_case("qwen2-leftpad-r4")
    model, recorded = load(case, tmp_path), case.tensors["generated_logits"][:, 0]
    rows = [ids[real][None] for ids, real in zip(case.ids, case.real, strict=True)]
    alone = [read(model, model.new_memory(), row)[0, -1] for row in rows]
    assert difference(alone[0], recorded[0]) <= 1e-4
    assert difference(alone[1], recorded[1]) > 0.1
