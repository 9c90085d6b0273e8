"""Windows recomputed for the gradients: the same losses and gradients, far fewer tensors kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import (
    Case,
    assert_gradients,
    assert_losses,
    case_names,
    difference,
    open_case,
)
from tiny_models import make_checkpoint, random_ids
from torch import Tensor

from beacon_qa.beacon import Memory, load_model
from beacon_qa.errors import ModelError

Gradients = dict[str, Tensor]


def opened(folder: Path, **overrides: Any) -> Any:
    """A model of the folder's checkpoint in training, its base frozen."""
    model = load_model(folder, device="cpu", dtype=torch.float32, **overrides).train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("beacon" in name)
    return model


def gradients_of(model: Any, ids: Tensor, memory: Memory, **settings: Any) -> tuple[Any, Gradients]:
    """What a call with the ids as labels returns, and the gradients of its loss."""
    model.zero_grad()
    output = model(input_ids=ids, past_key_values=memory, **{"labels": ids, **settings})
    output.loss.backward()
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return output, found


def assert_same(one: Gradients, other: Gradients) -> None:
    """Equal up to a millionth of each gradient's length."""
    assert set(one) == set(other)
    for name, gradient in one.items():
        assert difference(gradient, other[name]) <= 1e-6 * gradient.norm().item(), name


def kept_bytes(model: Any, ids: Tensor, **settings: Any) -> int:
    """Bytes of the tensors that a call keeps for its gradients, the weights left out."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = model(input_ids=ids, past_key_values=model.new_memory(), labels=ids, **settings)
    assert output.loss.requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("name", case_names("train"))
def test_recomputing_gives_the_recorded_losses_and_gradients(name: str, tmp_path: Path) -> None:
    case: Case = open_case(name)
    model = opened(case.folder(tmp_path), start_beacons=case.starts_beacons, **case.overrides)
    labels, memory = case.tensors["labels"], model.new_memory()
    output, found = gradients_of(model, case.ids, memory, labels=labels, recompute=True)
    assert_losses(case, output.loss, output.batch_loss)
    assert_gradients(case, {**dict.fromkeys(case.grad_norms), **found})
    assert memory.sizes == case.sizes[-1]
    _, kept = gradients_of(model, case.ids, model.new_memory(), labels=labels)
    assert_same(kept, found)


@pytest.mark.parametrize(
    ("architecture", "settings", "schedule"),
    [
        ("qwen3", {}, (2, 8, 4)),
        ("llama", {"beacon_sink_size": 3}, (4,)),
        ("mistral", {"beacon_param": ["q", "k", "v", "o"]}, (0, 4)),
    ],
)
def test_gradients_are_those_of_a_reading_that_keeps_everything(
    architecture: str, settings: dict[str, Any], schedule: tuple[int, ...], tmp_path: Path
) -> None:
    model = opened(make_checkpoint(tmp_path, architecture, **settings))
    ids = random_ids(3, 2, 16 * 5 + 7)
    kept, again = model.new_memory(schedule), model.new_memory(schedule)
    told, wanted = gradients_of(model, ids, kept)
    output, found = gradients_of(model, ids, again, recompute=True)
    assert torch.equal(output.loss, told.loss)
    assert torch.equal(output.logits, told.logits)
    assert_same(wanted, found)
    assert (again.sizes, again.ratios, again.tokens) == (kept.sizes, kept.ratios, kept.tokens)
    other = gradients_of(model, ids.flip(1), model.new_memory(schedule), recompute=True)[1]
    with pytest.raises(AssertionError):
        assert_same(wanted, other)


def test_gradients_agree_in_sixteen_bits_too(tmp_path: Path) -> None:
    model = opened(make_checkpoint(tmp_path, "qwen2"))
    ids = random_ids(4, 1, 16 * 4)
    with torch.autocast("cpu", torch.bfloat16):
        _, wanted = gradients_of(model, ids, model.new_memory())
        _, found = gradients_of(model, ids, model.new_memory(), recompute=True)
    for name, gradient in wanted.items():
        assert difference(gradient, found[name]) <= 1e-2 * gradient.norm().item(), name


def test_what_is_kept_is_memory_alone_and_grows_by_as_much_at_each_window(tmp_path: Path) -> None:
    model = opened(make_checkpoint(tmp_path, "qwen2"))
    texts = [random_ids(5, 1, 16 * windows) for windows in (4, 16, 28)]
    kept = [kept_bytes(model, ids) for ids in texts]
    again = [kept_bytes(model, ids, recompute=True) for ids in texts]
    assert again[2] - again[1] == pytest.approx(again[1] - again[0], rel=0.05)
    assert all(again[i] < kept[i] / most for i, most in enumerate((4, 12, 20)))


def test_recomputing_begins_with_an_empty_memory(tmp_path: Path) -> None:
    model = opened(make_checkpoint(tmp_path, "qwen2"))
    memory, ids = model.new_memory(), random_ids(6, 1, 20)
    model(input_ids=ids, past_key_values=memory)
    with pytest.raises(ModelError, match="holds 20 tokens"):
        model(input_ids=ids, past_key_values=memory, labels=ids, recompute=True)
