"""A memory narrowed to some of its windows: what it holds, where it stands, how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import load_model
from beacon_qa.errors import ModelError

WINDOW = 16
FIELDS: list[dict[str, Any]] = [
    {"beacon_ratio": [4]},
    {"beacon_ratio": [4], "beacon_sink_size": 2},
    {"beacon_ratio": [2, 8], "beacon_ratio_mix": "sequence"},
]
NAMES = ["plain", "sinks", "mixed"]


def loaded(folder: Path, architecture: str = "qwen2", **fields: Any) -> Any:
    return load_model(make_checkpoint(folder / "m", architecture, **fields), device="cpu")


def logits(model: Any, memory: Any, count: int = 20) -> torch.Tensor:
    """The logits of `count` more tokens, read into the memory."""
    ids = random_ids(3, 1, count)
    with torch.no_grad():
        out = model(input_ids=ids, past_key_values=memory, logits_to_keep=0)
    return torch.as_tensor(out.logits[0])


def read(model: Any, count: int) -> Any:
    memory = model.new_memory()
    with torch.no_grad():
        model(input_ids=random_ids(1, 1, count), past_key_values=memory)
    return memory


def turned_one_by_one(keys: torch.Tensor, shifts: list[int], theta: float) -> torch.Tensor:
    """Keys (heads, entries, head_dim), each turned by its shift: pairs as complex numbers."""
    half = keys.shape[-1] // 2
    out = torch.empty_like(keys)
    for entry, shift in enumerate(shifts):
        for pair in range(half):
            angle = shift * theta ** (-pair / half)
            whole = torch.complex(keys[:, entry, pair], keys[:, entry, pair + half])
            spun = whole * complex(torch.tensor(angle).cos(), torch.tensor(angle).sin())
            out[:, entry, pair], out[:, entry, pair + half] = spun.real, spun.imag
    return out


@pytest.mark.parametrize("fields", FIELDS, ids=NAMES)
@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_all_its_windows_are_the_memory_itself(
    tmp_path: Path, architecture: str, fields: dict[str, Any]
) -> None:
    model = loaded(tmp_path, architecture, **fields)
    memory = read(model, 3 * WINDOW + 5)
    every = memory.narrowed(range(3))
    assert (every.tokens, every.kept, every.sizes) == (memory.tokens, memory.kept, memory.sizes)
    assert torch.allclose(logits(model, every), logits(model, memory.fork()), atol=1e-5)


@pytest.mark.parametrize("fields", FIELDS, ids=NAMES)
def test_its_first_windows_are_the_memory_as_of_there(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    model = loaded(tmp_path, **fields)
    memory = read(model, 4 * WINDOW)
    first, earlier = memory.narrowed([1, 0]), memory.as_of(2)
    assert (first.tokens, first.windows, first.kept) == (2 * WINDOW, 2, earlier.kept)
    wanted = logits(model, earlier)
    assert torch.allclose(logits(model, first), wanted, atol=1e-5)
    others = logits(model, memory.narrowed([0, 2]))
    assert not torch.allclose(others, wanted, atol=1e-3)


@pytest.mark.parametrize("sinks", [0, 2])
def test_entries_move_together_and_keys_turn_to_their_new_places(
    tmp_path: Path, sinks: int
) -> None:
    model = loaded(tmp_path, beacon_ratio=[4], beacon_sink_size=sinks)
    memory = read(model, 4 * WINDOW + 3)
    theta = float(model.config.rope_parameters["rope_theta"])
    size = WINDOW // 4
    places = [
        *range(sinks),
        *range(sinks + size, sinks + 2 * size),
        *range(sinks + 3 * size, sinks + 4 * size),
        *range(sinks + 4 * size, memory.kept),
    ]
    shifts = [new - old for new, old in enumerate(places)]
    narrowed = memory.narrowed([3, 1])
    for old, new in zip(memory.layers, narrowed.layers, strict=True):
        (keys, values), (new_keys, new_values) = old.whole(), new.whole()
        wanted = turned_one_by_one(keys[0][:, places], shifts, theta)
        assert torch.allclose(new_keys[0], wanted, atol=1e-5)
        assert not torch.allclose(new_keys[0], keys[0][:, places], atol=1e-3)
        assert torch.equal(new_values[0], values[0][:, places])


def test_a_fork_is_narrowed_as_what_it_was_forked_from(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    memory = read(model, 3 * WINDOW + 5)
    before = logits(model, memory.fork())
    one, other = memory.narrowed([1]), memory.fork(share=True).narrowed([1])
    assert torch.equal(logits(model, one), logits(model, other))
    assert torch.equal(logits(model, memory.fork()), before)


def test_it_goes_on_condensing(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    memory = read(model, 3 * WINDOW + 5)
    narrowed = memory.narrowed([2])
    logits(model, narrowed, WINDOW)
    assert (narrowed.windows, narrowed.tokens) == (2, 2 * WINDOW + 5)
    assert memory.windows == 3


@pytest.mark.parametrize("window", [-1, 3, 99])
def test_a_window_that_is_not_full_is_refused(tmp_path: Path, window: int) -> None:
    memory = read(loaded(tmp_path), 3 * WINDOW + 5)
    with pytest.raises(
        ModelError, match=f"3 full windows; it cannot be narrowed to number {window}"
    ):
        memory.narrowed([0, window])
