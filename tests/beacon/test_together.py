"""Answers told side by side are those told one by one, whenever they join, leave and end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from golden_cases import LOGITS, difference
from side_by_side import LENGTHS, prompts_of, read
from tiny_models import ARCHITECTURES, make_checkpoint

from beacon_qa.beacon import Memory, Sampling, decode, load_model
from beacon_qa.beacon.together import Together
from beacon_qa.beacon.watch import Watch
from beacon_qa.engine import BUILTIN
from beacon_qa.errors import ModelError


def told_together(
    model: Any, memory: Memory, prompts: Sequence[Sequence[int]], samplings: Any
) -> list[list[int]]:
    told: list[list[int]] = [[] for _ in prompts]
    each = [samplings] * len(prompts) if isinstance(samplings, Sampling) else samplings
    together = Together(model)
    for prompt, sampling in zip(prompts, each, strict=True):
        together.join(memory, prompt, sampling)
    while together.rows:
        for row, token in together.step():
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
    # In bfloat16 two words can be equally likely, and products of other sizes round otherwise.
    model = load_model(BUILTIN, device="cpu", dtype=torch.float32)
    memory = model.new_memory(8)
    ids = torch.randint(0, 4096, (1, 1500), generator=torch.Generator().manual_seed(5))
    model(input_ids=ids, past_key_values=memory, only_read=True)
    prompts = [ids[0, start : start + 9].tolist() for start in (10, 400, 1490)]
    samplings = [Sampling(max_new_tokens=count) for count in (40, 20, 30)]
    alone = told_alone(model, memory, prompts, samplings)
    assert told_together(model, memory, prompts, samplings) == alone
    assert len({tuple(answer) for answer in alone}) == 3


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
