"""Answers told side by side are those told one by one: ids, logits, keys and watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from golden_cases import LOGITS, difference
from tiny_models import ARCHITECTURES, make_checkpoint, random_ids

from beacon_qa.beacon import Memory, Sampling, decode, load_model, seating
from beacon_qa.beacon.rows import Rows
from beacon_qa.beacon.softmax import fused, joined, multiplied_out
from beacon_qa.beacon.together import Together, decode_together
from beacon_qa.beacon.watch import Watch
from beacon_qa.engine import BUILTIN
from beacon_qa.errors import ModelError

LENGTHS = (3, 11, 1, 20)
"""Tokens of the prompts; the window is 16."""


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return load_model(
        make_checkpoint(tmp_path / "model", "qwen2", seed=1, beacon_ratio=[2, 4, 8]), device="cpu"
    )


def read(model: Any, count: int, seed: int = 3) -> Memory:
    memory: Memory = model.new_memory()
    model(input_ids=random_ids(seed, 1, count), past_key_values=memory)
    return memory


def prompts_of(lengths: Sequence[int]) -> list[list[int]]:
    return [random_ids(20 + i, 1, count)[0].tolist() for i, count in enumerate(lengths)]


def told_together(
    model: Any, memory: Memory, prompts: Sequence[Sequence[int]], samplings: Any
) -> list[list[int]]:
    told: list[list[int]] = [[] for _ in prompts]
    for row, token in decode_together(model, memory, prompts, samplings):
        told[row].append(token)
    return told


def told_alone(
    model: Any, memory: Memory, prompts: Sequence[Sequence[int]], samplings: Sequence[Sampling]
) -> list[list[int]]:
    pairs = zip(prompts, samplings, strict=True)
    return [list(decode(model, memory, prompt, sampling)) for prompt, sampling in pairs]


def drawn(rng: Random, seed: int) -> Sampling:
    return Sampling(
        rng.randint(1, 50),
        temperature=rng.choice((0.0, 0.0, 1.0, 1.3)),
        top_p=rng.choice((1.0, 0.9)),
        repetition_penalty=rng.choice((1.0, 1.2)),
        seed=seed,
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_answer_is_what_it_would_be_alone(seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    folder = make_checkpoint(
        tmp_path / "model",
        list(ARCHITECTURES)[seed % len(ARCHITECTURES)],
        seed=seed,
        beacon_ratio=rng.choice(([4], [2, 4, 8], [0, 4], [1])),
        beacon_ratio_mix=rng.choice(("sequence", "step-random", "adapt-20")),
        beacon_param=rng.sample("qkvo", k=rng.randint(0, 4)),
        beacon_sink_size=rng.choice((0, 0, 1, 3)),
    )
    model = load_model(folder, device="cpu")
    memory = read(model, rng.choice((5, 16, 40, 77, 160)))
    prompts = prompts_of([rng.randint(1, 40) for _ in range(5)])
    samplings = [drawn(rng, number) for number in range(5)]
    alone = told_alone(model, memory, prompts, samplings)
    assert told_together(model, memory, prompts, samplings) == alone


def test_the_built_in_model_tells_the_same_together() -> None:
    model = load_model(BUILTIN, device="cpu")
    memory = model.new_memory(8)
    ids = torch.randint(0, 4096, (1, 1500), generator=torch.Generator().manual_seed(5))
    model(input_ids=ids, past_key_values=memory, only_read=True)
    prompts = [ids[0, start : start + 9].tolist() for start in (10, 400, 1490)]
    samplings = [Sampling(max_new_tokens=count) for count in (40, 20, 30)]
    alone = told_alone(model, memory, prompts, samplings)
    assert told_together(model, memory, prompts, samplings) == alone
    assert len({tuple(answer) for answer in alone}) == 3


Follow = Callable[[], tuple[list[torch.Tensor], list[Memory]]]


def forks_of(model: Any, memory: Memory) -> list[Memory]:
    forks = [memory.fork(share=True) for _ in LENGTHS]
    for fork, prompt in zip(forks, prompts_of(LENGTHS), strict=True):
        model(input_ids=torch.tensor([prompt]), past_key_values=fork)
    return forks


def followed_alone(model: Any, forks: Sequence[Memory], ids: torch.Tensor) -> torch.Tensor:
    """Logits (texts, steps, vocabulary) of feeding each text its ids, token by token."""
    logits = [
        torch.cat(
            [model(input_ids=row[None, None], past_key_values=fork).logits for row in each], 1
        )
        for fork, each in zip(forks, ids, strict=True)
    ]
    return torch.cat(logits)


def followed_together(model: Any, forks: Sequence[Memory], ids: torch.Tensor) -> torch.Tensor:
    config = model.config
    heads = config.num_attention_heads, config.num_key_value_heads
    rows = Rows(config.num_hidden_layers, heads)
    for fork in forks:
        rows.join(fork)
    steps = [model(input_ids=step[:, None], past_key_values=rows).logits for step in ids.T]
    return torch.cat(steps, dim=1)


@pytest.mark.parametrize("count", [5, 50, 200])
def test_logits_and_memories_agree_while_windows_fill(model: Any, count: int) -> None:
    memory = read(model, count)
    ids = random_ids(8, len(LENGTHS), 40)
    alone, together = forks_of(model, memory), forks_of(model, memory)
    expected = followed_alone(model, alone, ids)
    assert difference(followed_together(model, together, ids), expected) <= LOGITS
    for one, other in zip(alone, together, strict=True):
        assert (one.tokens, one.sizes, one.ratios) == (other.tokens, other.sizes, other.ratios)
        assert other.windows > memory.windows
        for first, second in zip(one.layers, other.layers, strict=True):
            assert difference(first.whole()[0], second.whole()[0]) <= LOGITS
            assert difference(first.whole()[1], second.whole()[1]) <= LOGITS


def test_a_wrong_merge_would_be_seen(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = read(model, 200)
    ids = random_ids(8, len(LENGTHS), 6)
    expected = followed_alone(model, forks_of(model, memory), ids)
    monkeypatch.setattr(seating, "joined", lambda one, two: (one[0] + two[0]) / 2)
    wrong = followed_together(model, forks_of(model, memory), ids)
    assert difference(wrong, expected) > 100 * LOGITS


def test_two_parts_of_attention_join_to_the_whole() -> None:
    query, key, value = (torch.randn(2, 4, n, 8) for n in (3, 30, 30))
    whole = fused(query, key, value, None)
    parts = [fused(query, key[:, :, s], value[:, :, s], None) for s in (slice(9), slice(9, 30))]
    assert difference(joined(*parts), whole[0]) < 1e-5
    assert difference((parts[0][0] + parts[1][0]) / 2, whole[0]) > 0.01


@pytest.mark.parametrize("causal", [True, False])
def test_attention_without_a_kernel_is_the_same(causal: bool) -> None:
    query, key, value = (torch.randn(2, 4, 12, 8) for _ in range(3))
    hidden = None if causal else torch.randn(2, 1, 12, 12)
    one = fused(query, key, value, 0.3, causal=causal, hidden=hidden)
    other = multiplied_out(query, key, value, 0.3, causal=causal, hidden=hidden)
    assert difference(other[0], one[0]) < 1e-5
    assert difference(other[1], one[1]) < 1e-5


def test_the_condensed_part_of_a_memory_is_copied_for_no_row(model: Any) -> None:
    memory = read(model, 200)
    for fork in forks_of(model, memory):
        for mine, theirs in zip(fork.layers, memory.layers, strict=True):
            assert mine.shared[0].data_ptr() == theirs.keys.data_ptr()
            assert mine.shared[1].data_ptr() == theirs.values.data_ptr()
            assert mine.begin == memory.held
            assert mine.keys.shape[2] < memory.held + 2 * 256


def test_a_memory_read_on_leaves_its_forks_as_they_were(model: Any) -> None:
    memory, again = read(model, 200), read(model, 200)
    fork = memory.fork(share=True)
    model(input_ids=random_ids(9, 1, 300), past_key_values=memory)
    ids = random_ids(8, 1, 20)
    got = model(input_ids=ids, past_key_values=fork, logits_to_keep=0).logits
    expected = model(input_ids=ids, past_key_values=again, logits_to_keep=0).logits
    assert difference(got, expected) <= LOGITS


def test_forks_of_forks_and_earlier_memories_go_on_as_unbroken_ones(model: Any) -> None:
    whole, piecewise = model.new_memory(), read(model, 100)
    model(input_ids=random_ids(3, 1, 100), past_key_values=whole)
    for seed in range(4):
        piecewise = piecewise.fork(share=True)
        for memory in (whole, piecewise):
            model(input_ids=random_ids(seed, 1, 30), past_key_values=memory)
    assert piecewise.sizes == whole.sizes
    for windows in (1, 6, 8, piecewise.windows):
        ids = random_ids(9, 1, 25)
        one, other = (
            model(input_ids=ids, past_key_values=m.as_of(windows), logits_to_keep=0).logits
            for m in (whole, piecewise)
        )
        assert difference(one, other) <= LOGITS


def test_a_long_text_appended_is_held_in_one_piece(model: Any) -> None:
    fork = read(model, 200).fork(share=True)
    fork.reserve(20, 2)
    assert fork.layers[0].begin == fork.held
    fork.reserve(200, 2)
    assert fork.layers[0].begin == 0


def test_rows_from_several_memories_go_on_side_by_side(model: Any) -> None:
    memories = [read(model, 90), read(model, 200, seed=4), read(model, 7), read(model, 90)]
    samplings = [Sampling(max_new_tokens=count) for count in (9, 30, 20, 25)]
    prompts = prompts_of(LENGTHS)
    together, told = Together(model), dict[int, list[int]]()
    for memory, prompt, sampling in zip(memories, prompts, samplings, strict=True):
        told[together.join(memory, prompt, sampling)] = []
    while together.rows:
        for row, token in together.step():
            told[row].append(token)
    for number, (memory, prompt) in enumerate(zip(memories, prompts, strict=True)):
        assert told[number] == list(decode(model, memory, prompt, samplings[number]))


def test_rows_may_join_and_leave_while_others_go_on(model: Any) -> None:
    memory, prompts = read(model, 90), prompts_of(LENGTHS)
    sampling = Sampling(max_new_tokens=30)
    alone = [list(decode(model, memory, prompt, sampling)) for prompt in prompts]
    together, told = Together(model), {number: list[int]() for number in range(len(prompts))}
    for number, prompt in enumerate(prompts):
        together.join(memory, prompt, sampling)
        for _ in range(4):
            for row, token in together.step():
                told[row].append(token)
        if number == 2:
            together.drop(0)
    while together.rows:
        for row, token in together.step():
            told[row].append(token)
    assert 0 < len(told[0]) < len(alone[0])
    assert told[0] == alone[0][: len(told[0])]
    assert [told[number] for number in (1, 2, 3)] == alone[1:]


def test_should_stop_and_closing_end_all_rows_within_a_step(model: Any) -> None:
    memory, prompts = read(model, 90), prompts_of(LENGTHS)
    sampling, got = Sampling(max_new_tokens=500), list[tuple[int, int]]()
    for pair in decode_together(model, memory, prompts, sampling, should_stop=lambda: len(got) > 9):
        got.append(pair)
    assert 10 <= len(got) < 20
    answers = decode_together(model, memory, prompts, sampling)
    assert next(answers) == got[0]
    answers.close()  # type: ignore[attr-defined]
    assert memory.tokens == 90


def test_a_pass_that_fails_can_be_taken_again(model: Any) -> None:
    memory, prompts = read(model, 90), prompts_of(LENGTHS)
    sampling = Sampling(max_new_tokens=30)
    alone = [list(decode(model, memory, prompt, sampling)) for prompt in prompts]
    together, told = Together(model), {number: list[int]() for number in range(len(prompts))}
    for prompt in prompts:
        together.join(memory, prompt, sampling)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    for number in range(1000):
        if number % 3 == 1:
            hook = model.model.layers[1].mlp.register_forward_hook(fail)
            with pytest.raises(KeyboardInterrupt):
                together.step()
            hook.remove()
        for row, token in together.step():
            told[row].append(token)
        if not together.rows:
            break
    assert list(told.values()) == alone


def test_where_attention_falls_is_counted_for_each_row(model: Any) -> None:
    memory, prompts = read(model, 90), prompts_of(LENGTHS)
    watches = [[Watch([(0, 1), (1, 2)], memory.kept) for _ in prompts] for _ in range(2)]
    together = Together(model)
    for prompt, watch, other in zip(prompts, *watches, strict=True):
        together.join(memory, prompt, Sampling(max_new_tokens=25), watch)
        list(decode(model, memory, prompt, Sampling(max_new_tokens=25), watch=other))
    while together.rows:
        together.step()
    for one, other in zip(*watches, strict=True):
        assert one.tokens == other.tokens > 0
        assert difference(one.scores, other.scores) <= LOGITS


@pytest.mark.parametrize("prompt", [[], [5, 61], [-1]])
def test_a_prompt_the_model_does_not_know_is_refused(model: Any, prompt: list[int]) -> None:
    with pytest.raises(ModelError, match="ids from 0 to 60"):
        Together(model).join(read(model, 20), prompt, Sampling())
