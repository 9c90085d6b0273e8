"""Going on from a memory: greedy and sampled, stopped, and in 4 and 8 bits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from safetensors.torch import load_file, save_file
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import Sampling, decode, load_model
from beacon_qa.errors import ConfigError, ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "model", "qwen2", seed=1)


@pytest.fixture
def model(folder: Path) -> Any:
    return load_model(folder, device="cpu")


def read(model: Any, count: int = 50) -> Any:
    memory = model.new_memory()
    model(input_ids=random_ids(3, 1, count), past_key_values=memory)
    return memory


def greedy_by_hand(model: Any, memory: Any, prompt: list[int], count: int) -> list[int]:
    """One call a token, the most likely id each time, up to the end of the text."""
    fork, ids = memory.fork(), []
    step = torch.tensor([prompt])
    for _ in range(count):
        best = int(model(input_ids=step, past_key_values=fork).logits[0, -1].argmax())
        if best == model.config.eos_token_id:
            break
        ids.append(best)
        step = torch.tensor([[best]])
    return ids


def test_greedy_decoding_is_the_most_likely_id_at_each_step(model: Any) -> None:
    memory = read(model)
    ids = list(decode(model, memory, [5, 6, 7], Sampling(max_new_tokens=30)))
    assert ids == greedy_by_hand(model, memory, [5, 6, 7], 30)
    assert ids != greedy_by_hand(model, read(model, 49), [5, 6, 7], 30)


def test_decoding_leaves_the_memory_as_it_was(model: Any) -> None:
    memory = read(model)
    first = list(decode(model, memory, [5, 6, 7], Sampling(max_new_tokens=30)))
    assert memory.tokens == 50
    assert list(decode(model, memory, [5, 6, 7], Sampling(max_new_tokens=30))) == first


def test_a_stop_id_ends_the_answer_and_is_not_part_of_it(model: Any) -> None:
    memory = read(model)
    ids = list(decode(model, memory, [5], Sampling(max_new_tokens=12)))
    stop = ids[5]
    stopped = list(decode(model, memory, [5], Sampling(max_new_tokens=12, stop_ids=(stop,))))
    assert stopped == ids[: ids.index(stop)]


def test_the_same_seed_samples_the_same_answer(model: Any) -> None:
    memory = read(model)
    drawn = [
        tuple(decode(model, memory, [5], Sampling(20, temperature=1.5, top_p=0.95, seed=seed)))
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_closed_answer_stops_the_model(model: Any) -> None:
    before = set(threading.enumerate())
    answer = decode(model, read(model), [5], Sampling(max_new_tokens=10_000))
    assert isinstance(next(answer), int)
    answer.close()  # type: ignore[attr-defined]
    assert set(threading.enumerate()) <= before


def test_should_stop_ends_the_answer_early(model: Any) -> None:
    got: list[int] = []
    for token in decode(
        model, read(model), [5], Sampling(max_new_tokens=500), should_stop=lambda: len(got) > 3
    ):
        got.append(token)
    assert 4 <= len(got) < 100


def test_errors_of_the_model_reach_the_reader_of_the_answer(model: Any) -> None:
    with pytest.raises(IndexError):
        list(decode(model, read(model), [10_000], Sampling()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_new_tokens": 0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": float("nan")},
        {"seed": 2**64},
        {"seed": -(2**63) - 1},
        {"seed": 0.5},
    ],
)
def test_sampling_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=next(iter(wrong))):
        Sampling(**wrong)


def test_whole_numbers_and_the_smallest_temperatures_are_taken(model: Any) -> None:
    greedy = list(decode(model, read(model), [5], Sampling(12)))
    for cold in (5e-324, 5e-38, 1e-6):
        assert list(decode(model, read(model), [5], Sampling(12, temperature=cold))) == greedy
    whole = Sampling(12, temperature=2, repetition_penalty=2, seed=2**64 - 1)
    assert len(list(decode(model, read(model), [5], whole))) == 12


@pytest.mark.parametrize(
    "wanted",
    [
        Sampling(max_new_tokens=12, stop_ids=(4095,)),
        Sampling(max_new_tokens=12, stop_ids=(4095,), repetition_penalty=1.7),
        Sampling(max_new_tokens=12, stop_ids=(4095,), temperature=0.8, seed=3),
        Sampling(max_new_tokens=12, stop_ids=(4095,), temperature=1.3, top_p=0.7, seed=5),
    ],
)
def test_the_tokens_are_those_of_the_librarys_generate(model: Any, wanted: Sampling) -> None:
    memory, prompt = read(model, 40), random_ids(5, 1, 6)
    sampled: dict[str, Any] = {"do_sample": False}
    if wanted.temperature:
        sampled = {
            "do_sample": True, "temperature": wanted.temperature, "top_p": wanted.top_p, "top_k": 0
        }  # fmt: skip
    torch.manual_seed(wanted.seed or 0)
    ids = model.generate(
        prompt,
        past_key_values=memory.fork(),
        max_new_tokens=wanted.max_new_tokens,
        repetition_penalty=wanted.repetition_penalty,
        eos_token_id=4095,
        pad_token_id=0,
        **sampled,
    )
    assert list(decode(model, memory, prompt, wanted)) == ids[0, 6:].tolist()


def test_several_samples_of_one_prompt_share_a_memory(model: Any) -> None:
    memory = read(model).fork()
    memory.batch_repeat_interleave(3)
    ids = model.generate(
        random_ids(5, 1, 4).repeat(3, 1), past_key_values=memory, max_new_tokens=5, do_sample=False
    )
    assert ids.shape == (3, 9)
    assert torch.equal(ids[0], ids[2])
    assert ids[0, 4:].tolist() == greedy_by_hand(model, read(model), ids[0, :4].tolist(), 5)


def test_beam_search_is_refused(model: Any) -> None:
    memory = read(model).fork()
    memory.batch_repeat_interleave(2)
    with pytest.raises(ModelError, match="Beam search"):
        model.generate(random_ids(5, 1, 4), past_key_values=memory, num_beams=2, max_new_tokens=4)


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    """Wide enough for the quantizer's blocks of 64 numbers, and calm: the tiny models' large
    weights would blow its rounding up from token to token."""
    folder = make_checkpoint(
        tmp_path / "wide", "qwen2", seed=1, hidden_size=128, intermediate_size=256
    )
    tensors = load_file(folder / "model.safetensors")
    calm = {name: t * (0.2 if "proj.weight" in name else 1) for name, t in tensors.items()}
    save_file(calm, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def logits_of(model: Any, memory: Any) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model(
            input_ids=random_ids(3, 1, 50), past_key_values=memory, logits_to_keep=0
        ).logits
    return logits


def test_a_4_bit_base_computes_what_its_rounded_weights_say(wider: Path) -> None:
    small = load_model(wider, device="cpu", bits=4, dtype=torch.float32)
    rounded = load_model(wider, device="cpu")
    for name, module in small.named_modules():
        if type(module).__name__ == "Linear4bit":
            weight = dequantize_4bit(module.weight.data, module.weight.quant_state)
            rounded.get_submodule(name).weight.data.copy_(weight)
    exact = load_model(wider, device="cpu")
    got = logits_of(small, small.new_memory())
    # The quantizer's kernel for CPUs multiplies in bfloat16: a hundredth of a logit's spread.
    assert (got - logits_of(rounded, rounded.new_memory())).abs().max() < 0.1
    assert (got - logits_of(exact, exact.new_memory())).abs().max() > 0.3


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.filterwarnings("ignore:MatMul8bitLt:UserWarning")
def test_a_quantized_base_keeps_its_beacons_and_head_in_full_and_answers(
    wider: Path, bits: int
) -> None:
    small = load_model(wider, device="cpu", bits=bits, dtype=torch.float32)
    attention = small.model.layers[0].self_attn
    assert type(attention.q_proj).__name__ == {4: "Linear4bit", 8: "Linear8bitLt"}[bits]
    assert type(attention.beacon_q_proj) is torch.nn.Linear
    assert type(small.lm_head) is torch.nn.Linear
    answer = list(decode(small, read(small), [5, 6], Sampling(max_new_tokens=20)))
    assert answer == greedy_by_hand(small, read(small), [5, 6], 20)


def test_new_beacons_are_not_started_from_a_quantized_base(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "plain", "qwen2", seed=1, beacon_param=[])
    with pytest.raises(ConfigError, match="4-bit"):
        load_model(folder, device="cpu", bits=4, start_beacons=True, beacon_param=["q"])
