"""Windows read in one pass: when they are, and that it changes nothing else.

What they compute is held to the slow reference by the properties and the golden numbers, which
are read in one pass wherever they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import Memory, load_model
from beacon_qa.beacon import model as reading
from beacon_qa.beacon.watch import Watch

WINDOW = 16


def load(folder: Path, **fields: Any) -> Any:
    return load_model(make_checkpoint(folder, "qwen2", seed=1, **fields), device="cpu")


@contextmanager
def counted(model: Any) -> Iterator[list[int]]:
    """The positions of each pass made inside."""
    sizes: list[int] = []

    def note(module: Any, args: Any, kwargs: Any) -> None:
        sizes.append(kwargs["inputs_embeds"].shape[1])

    hook = model.model.register_forward_pre_hook(note, with_kwargs=True)
    yield sizes
    hook.remove()


def by_windows(model: Any, ids: torch.Tensor, memory: Memory) -> Memory:
    for piece in torch.split(ids, WINDOW, dim=1):
        model(input_ids=piece, past_key_values=memory)
    return memory


def keys(memory: Memory) -> torch.Tensor:
    return torch.cat([layer.whole()[0] for layer in memory.layers], dim=1)


@pytest.mark.parametrize(
    ("fields", "before", "tokens", "passes"),
    [
        ({}, 0, 70, [4 * 20 + 7]),
        ({}, 0, 16, [20]),
        ({}, 5, 70, [14, 3 * 20 + 11 + 2]),  # what finishes an open window goes alone
        ({"beacon_sink_size": 1}, 0, 70, [20, 3 * 20 + 7]),  # so does the window with the sinks
        ({"beacon_sink_size": 1}, 16, 64, [4 * 20]),
        ({"beacon_ratio": [0]}, 0, 70, [70]),
        ({"beacon_ratio": [0, 4]}, 0, 70, [16 + 20 + 16 + 20 + 6]),
        ({}, 0, 1024 + 40, [64 * 20, 2 * 20 + 10]),
        ({"beacon_window": 768, "beacon_stride": 768}, 0, 1536, [960, 960]),
    ],
)
def test_a_pass_takes_as_many_windows_as_fit(
    fields: dict[str, Any], before: int, tokens: int, passes: list[int], tmp_path: Path
) -> None:
    model = load(tmp_path, **fields)
    memory = model.new_memory()
    if before:
        model(input_ids=random_ids(1, 1, before), past_key_values=memory)
    with counted(model) as sizes:
        model(input_ids=random_ids(2, 1, tokens), past_key_values=memory)
    assert sizes == passes
    assert memory.tokens == before + tokens


def test_gradients_are_made_window_by_window(tmp_path: Path) -> None:
    model, ids = load(tmp_path).train(), random_ids(2, 1, 70)
    with counted(model) as sizes:
        model(input_ids=ids, labels=ids, past_key_values=model.new_memory())
    assert len(sizes) == 5


@pytest.mark.parametrize("ratio", [4, (0, 4, 2)])
def test_a_watch_counts_the_same_in_one_pass_and_in_many(ratio: Any, tmp_path: Path) -> None:
    model = load(tmp_path)
    found = []
    ways: list[Callable[[Any, torch.Tensor, Memory], object]] = [
        by_windows,
        lambda model, ids, memory: model(input_ids=ids, past_key_values=memory),
    ]
    for way in ways:
        memory = by_windows(model, random_ids(3, 1, 5 * WINDOW), model.new_memory(ratio)).fork()
        watch = memory.watch = Watch([(0, 1), (1, 2)], memory.kept)
        watch.counted = [(90, 95), (100, 140)]
        way(model, random_ids(4, 1, 70), memory)
        found.append((watch.tokens, watch.scores))
    assert found[0][0] == found[1][0] == 45
    assert torch.allclose(found[0][1], found[1][1], atol=1e-5)
    assert found[0][1].min() > 0


@pytest.mark.parametrize("wrong", [None, "shift", "before", "positions"])
def test_a_layout_that_is_wrong_is_noticed(
    wrong: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_abreast = reading.lay_abreast

    def mislaid(*args: Any) -> Any:
        layout = lay_abreast(*args)
        if wrong == "before":  # each window misses the beacons of the one before it
            return replace(layout, before=(layout.before[0], *layout.before[:-1]))
        if wrong is not None:
            return replace(layout, **{wrong: getattr(layout, wrong) + 1})
        return layout

    model, ids = load(tmp_path), random_ids(5, 1, 80)
    expected = by_windows(model, ids, model.new_memory())
    monkeypatch.setattr(reading, "lay_abreast", mislaid)
    memory = model.new_memory()
    model(input_ids=ids, past_key_values=memory)
    assert torch.allclose(keys(memory), keys(expected), atol=1e-5) == (wrong is None)


def test_a_pass_that_fails_leaves_the_memory_as_it_was(tmp_path: Path) -> None:
    model = load(tmp_path)
    memory = by_windows(model, random_ids(6, 1, 2 * WINDOW), model.new_memory())
    before, sizes = keys(memory).clone(), memory.sizes

    def fail(*args: Any) -> None:
        raise RuntimeError("out of memory")

    hook = model.model.layers[1].mlp.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        model(input_ids=random_ids(7, 1, 70), past_key_values=memory, logits_to_keep=0)
    hook.remove()
    assert (memory.tokens, memory.windows, memory.sizes) == (32, 2, sizes)
    assert torch.equal(keys(memory), before)
    again = memory.fork()
    model(input_ids=random_ids(7, 1, 70), past_key_values=memory)
    by_windows(model, random_ids(7, 1, 70), again)
    assert torch.allclose(keys(memory), keys(again), atol=1e-5)
