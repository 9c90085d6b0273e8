"""The product and the slow reference agree on random models, texts, ratios and ways of feeding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import GRADIENT, LOGITS, LOSS, difference
from random_cases import WINDOW, Draw, draw, read
from reference import MISTAKES, Reference, State
from tiny_models import make_checkpoint, random_ids
from torch import Tensor

from beacon_qa.beacon import Memory, load_model


def assert_same_keys(memory: Memory, reference: Reference, state: State) -> None:
    """Every entry kept, in every layer: keys where they stand, and values."""
    where = torch.arange(sum(state.sizes))
    layers: list[Any] = memory.layers
    for layer, keys, values in zip(layers, state.keys, state.values, strict=True):
        turned = reference.decoder.rotate(keys, where)
        assert difference(layer.keys[:, :, where], turned) <= LOGITS
        assert difference(layer.values[:, :, where], values) <= LOGITS


@pytest.mark.parametrize("seed", range(48))
def test_logits_sizes_and_keys_agree_however_the_text_is_fed(seed: int, tmp_path: Path) -> None:
    case = draw(seed, mixes=("sequence", "adapt-N"))
    model, reference = case.pair(tmp_path)
    memory, state = model.new_memory(), reference.new_state(len(case.ids))
    for piece in case.pieces:
        expected = reference.feed(state, piece)
        assert difference(read(model, memory, piece), expected) <= LOGITS
        assert memory.sizes == state.sizes
        assert memory.tokens == state.tokens
    assert list(memory.ratios) == [step.ratio for step in state.steps if step.full]
    assert_same_keys(memory, reference, state)


def some_labels(case: Draw) -> Tensor:
    """The text's ids with a fifth of them not counted, and at least one a row that is."""
    uncounted = torch.rand(case.ids.shape, generator=torch.Generator().manual_seed(case.seed)) < 0.2
    uncounted[:, 1] = False
    return case.ids.masked_fill(uncounted, -100)


@pytest.mark.parametrize("seed", range(100, 124))
def test_training_losses_and_gradients_agree(seed: int, tmp_path: Path) -> None:
    case = draw(seed, shortest=2)
    model, reference = case.pair(tmp_path)
    labels, weights = some_labels(case), reference.decoder.weights
    beacons = {k: w.requires_grad_() for k, w in weights.items() if "beacon" in k}
    loss, batch_loss = reference.loss(case.ids, labels, training=True)
    torch.autograd.backward(loss)
    for name, parameter in model.train().named_parameters():
        parameter.requires_grad_("beacon" in name)
    output = model(input_ids=case.ids, labels=labels, past_key_values=model.new_memory())
    assert difference(output.loss / loss.item(), torch.ones(())) <= LOSS
    assert difference(output.batch_loss / batch_loss.detach(), torch.ones(len(labels))) <= LOSS
    if output.loss.requires_grad:  # it is not where no beacon took part
        output.loss.backward()
    for name, weight in beacons.items():
        expected = torch.zeros_like(weight) if weight.grad is None else weight.grad
        grad = model.get_parameter(name).grad
        given = torch.zeros_like(weight) if grad is None else grad
        assert difference(given, expected) <= GRADIENT * expected.norm().item() + 1e-9


@pytest.mark.parametrize("seed", range(200, 212))
def test_losses_of_reading_agree(seed: int, tmp_path: Path) -> None:
    case = draw(seed)
    model, reference = case.pair(tmp_path)
    loss, batch_loss = reference.loss(case.ids, case.ids)
    output = model(input_ids=case.ids, labels=case.ids, past_key_values=model.new_memory())
    assert difference(output.loss / loss, torch.ones(())) <= LOSS
    assert difference(output.batch_loss / batch_loss, torch.ones(len(case.ids))) <= LOSS


@pytest.mark.parametrize("seed", range(300, 324))
def test_generating_from_a_read_memory_agrees_with_reading_it_all(
    seed: int, tmp_path: Path
) -> None:
    case = draw(seed)
    model, reference = case.pair(tmp_path)
    *earlier, last = case.pieces
    memory = model.new_memory()
    for piece in earlier:
        read(model, memory, piece)
    output = model.generate(
        last,
        past_key_values=memory,
        max_new_tokens=2 * WINDOW + 3,
        do_sample=False,
        eos_token_id=None,
        return_dict_in_generate=True,
        output_logits=True,
    )
    logits, count = torch.stack(output.logits, dim=1), len(output.logits)
    new = output.sequences[:, -count:]
    state = reference.new_state(len(case.ids))
    expected = reference.feed(state, torch.cat([case.ids, new[:, :-1]], dim=1))
    assert difference(logits, expected[:, -count:]) <= LOGITS
    assert torch.equal(logits.argmax(-1), new)
    assert torch.equal(output.sequences[:, :-count], last)
    assert memory.sizes == state.sizes


@pytest.mark.parametrize("seed", range(400, 408))
@pytest.mark.parametrize("schedule", [2, (4, 0, 8), [16, 1, 2, 4]])
def test_a_ratio_or_a_schedule_overrides_the_mix(seed: int, schedule: Any, tmp_path: Path) -> None:
    case = draw(seed, mixes=("step-random", "adapt-N"))
    model, _ = case.pair(tmp_path)
    listed = [schedule] if isinstance(schedule, int) else list(schedule)
    reference = Reference(tmp_path, beacon_ratio=listed, beacon_ratio_mix="sequence")
    memory, state = model.new_memory(ratio=schedule), reference.new_state(len(case.ids))
    for piece in case.pieces:
        expected = reference.feed(state, piece)
        assert difference(read(model, memory, piece), expected) <= LOGITS
    assert memory.sizes == state.sizes


@pytest.mark.parametrize("mix", ["step-random", "instance-random"])
def test_random_ratios_come_from_the_list_and_are_then_used(mix: str, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "beacon_ratio": [2, 3, 4, 8],
        "beacon_ratio_mix": mix,
        "beacon_window": WINDOW,
    }
    make_checkpoint(tmp_path, "qwen3", **fields)
    model, ids = load_model(tmp_path, device="cpu", dtype=torch.float32), random_ids(5, 1, 320)
    memory = model.new_memory()
    logits = read(model, memory, ids)
    drawn = set(memory.ratios)
    assert len(drawn) == 1 if mix == "instance-random" else drawn == {2, 4, 8}
    assert drawn <= {2, 4, 8}  # 3 does not divide the window
    as_drawn: dict[str, Any] = {"beacon_ratio": list(memory.ratios), "beacon_ratio_mix": "sequence"}
    reference = Reference(tmp_path, **as_drawn)
    assert difference(logits, reference.feed(reference.new_state(), ids)) <= LOGITS


@pytest.mark.parametrize("seed", range(500, 508))
def test_a_memory_goes_on_alike_after_a_fork(seed: int, tmp_path: Path) -> None:
    case = draw(seed)
    model, reference = case.pair(tmp_path)
    memory, state = model.new_memory(), reference.new_state(len(case.ids))
    for piece in case.pieces:
        aside = memory.fork()
        read(model, aside, random_ids(seed + 1, len(case.ids), 2 * WINDOW + 5))
        assert memory.sizes == state.sizes
        expected = reference.feed(state, piece)
        assert difference(read(model, memory, piece), expected) <= LOGITS
    assert_same_keys(memory, reference, state)


@pytest.mark.parametrize("seed", range(600, 608))
def test_a_memory_as_of_a_window_is_that_of_the_text_up_to_there(seed: int, tmp_path: Path) -> None:
    case = draw(seed)
    model, reference = case.pair(tmp_path)
    ids = random_ids(seed, len(case.ids), 5 * WINDOW + 7)
    memory = model.new_memory()
    read(model, memory, ids)
    for windows in range(6):
        state = reference.new_state(len(ids))
        if windows:
            reference.feed(state, ids[:, : windows * WINDOW])
        earlier = memory.as_of(windows)
        assert earlier.sizes == state.sizes
        assert earlier.tokens == state.tokens
        expected = reference.feed(state, case.ids)
        assert difference(read(model, earlier, case.ids), expected) <= LOGITS
    assert memory.tokens == ids.shape[1]


@pytest.mark.parametrize("ratio", [32, 64, 128])
def test_large_ratios_agree(ratio: int, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"beacon_window": 128, "beacon_stride": 128, "beacon_ratio": [ratio]}
    make_checkpoint(tmp_path, "qwen2", **fields)
    model, reference = load_model(tmp_path, device="cpu", dtype=torch.float32), Reference(tmp_path)
    memory, state, ids = model.new_memory(), reference.new_state(), random_ids(ratio, 1, 420)
    assert difference(read(model, memory, ids), reference.feed(state, ids)) <= LOGITS
    assert memory.sizes == state.sizes


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_deliberate_mistake_would_be_noticed_here_too(mistake: str, tmp_path: Path) -> None:
    make_checkpoint(tmp_path, "qwen3", beacon_sink_size=1)
    model, ids = load_model(tmp_path, device="cpu", dtype=torch.float32), random_ids(2, 1, 75)
    reference = Reference(tmp_path, **MISTAKES[mistake])
    logits = read(model, model.new_memory(), ids)
    assert difference(logits, reference.feed(reference.new_state(), ids)) > 1000 * LOGITS


@pytest.mark.parametrize("keep", [1, 2, WINDOW + 3, 40, 1000])
def test_logits_to_keep_gives_the_last_rows(keep: int, tmp_path: Path) -> None:
    make_checkpoint(tmp_path, "llama", beacon_sink_size=1)
    model, ids = load_model(tmp_path, device="cpu", dtype=torch.float32), random_ids(3, 2, 53)
    reference = Reference(tmp_path)
    expected = reference.feed(reference.new_state(2), ids)[:, -keep:]
    memory = model.new_memory()
    logits = model(input_ids=ids, past_key_values=memory, logits_to_keep=keep).logits
    assert difference(logits, expected) <= LOGITS
