"""The memory under looking back: sealed, it condenses nothing that follows and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import load_model

SEALED: list[dict[str, Any]] = [
    {"beacon_ratio": [4]},
    {"beacon_ratio": [4], "beacon_sink_size": 2},
    {"beacon_ratio": [2, 8], "beacon_ratio_mix": "sequence"},
]


def ids_of(count: int, seed: int = 3) -> torch.Tensor:
    return random_ids(seed, 1, count)


def logits(model: Any, memory: Any, ids: torch.Tensor) -> torch.Tensor:
    """The logits of every token of `ids`, read into the memory."""
    with torch.no_grad():
        return torch.as_tensor(
            model(input_ids=ids, past_key_values=memory, logits_to_keep=0).logits[0]
        )


def read(model: Any, count: int, ratio: Any = None) -> Any:
    memory = model.new_memory(ratio)
    logits(model, memory, ids_of(count, seed=1))
    return memory


@pytest.mark.parametrize("fields", SEALED, ids=["plain", "sinks", "mixed"])
@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_a_sealed_memory_condenses_nothing_that_follows(
    tmp_path: Path, architecture: str, fields: dict[str, Any]
) -> None:
    model = load_model(make_checkpoint(tmp_path / "m", architecture, **fields), device="cpu")
    memory = read(model, 37)  # two full windows of 16, and 5 tokens
    kept, tokens = memory.kept, memory.tokens
    sealed = memory.sealed()
    logits(model, sealed, ids_of(50))
    assert (sealed.kept, sealed.tokens) == (kept + 50, tokens + 50)
    assert (memory.kept, memory.tokens) == (kept, tokens)


@pytest.mark.parametrize("sinks", [0, 2])
def test_what_follows_a_sealed_memory_sees_it_as_a_schedule_that_stops_condensing(
    tmp_path: Path, sinks: int
) -> None:
    """At the end of a window: going on at ratio 0 is what sealing means."""
    checkpoint = make_checkpoint(tmp_path / "m", "qwen2", beacon_sink_size=sinks)
    model = load_model(checkpoint, device="cpu")
    sealed = read(model, 32, 4).sealed()
    wanted = read(model, 32, (4, 4, 0, 0, 0, 0))
    following = ids_of(41)  # over two more windows
    assert torch.allclose(
        logits(model, sealed, following), logits(model, wanted, following), atol=1e-5
    )


@pytest.mark.parametrize("tokens", [5, 21, 37])
@pytest.mark.parametrize("fields", SEALED, ids=["plain", "sinks", "mixed"])
def test_sealing_changes_nothing_that_a_memory_holds(
    tmp_path: Path, tokens: int, fields: dict[str, Any]
) -> None:
    """With an open window too, and with no full one: the next token is told as it was."""
    model = load_model(make_checkpoint(tmp_path / "m", "qwen2", **fields), device="cpu")
    memory = read(model, tokens)
    one = ids_of(1)  # no beacon follows the 6th, 22nd or 38th token of a text
    plain, sealed = logits(model, memory.fork(), one), logits(model, memory.sealed(), one)
    assert torch.allclose(plain, sealed, atol=1e-5)
    more = ids_of(20)
    assert not torch.allclose(
        logits(model, memory.fork(), more)[-1], logits(model, memory.sealed(), more)[-1], atol=1e-3
    )


def test_a_sealed_memory_is_read_on_in_pieces_as_in_one(tmp_path: Path) -> None:
    model = load_model(make_checkpoint(tmp_path / "m", "qwen2"), device="cpu")
    memory = read(model, 37)
    whole, pieces = memory.sealed(), memory.sealed()
    following = ids_of(45)
    at_once = logits(model, whole, following)
    parts = [logits(model, pieces, part) for part in following.split([1, 14, 2, 28], dim=1)]
    assert torch.allclose(at_once, torch.cat(parts), atol=1e-5)
