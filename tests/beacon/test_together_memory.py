"""The memory under answers told side by side: logits and keys, attention in parts, forks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from golden_cases import LOGITS, difference
from side_by_side import LENGTHS, prompts_of, read
from tiny_models import random_ids

from beacon_qa.beacon import Memory, seating
from beacon_qa.beacon.rows import Rows
from beacon_qa.beacon.softmax import fused, joined, multiplied_out

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
