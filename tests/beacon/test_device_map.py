"""A model over several devices: as far as a machine without GPUs goes, in memory and on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import ARCHITECTURES, SHAPE, make_checkpoint, random_ids

from beacon_qa.beacon import (
    Memory,
    Sampling,
    condense,
    decode,
    load_model,
    open_memory,
    save_memory,
)
from beacon_qa.beacon.layers import MemoryLayer
from beacon_qa.beacon.together import Together
from beacon_qa.errors import ConfigError

SPLIT = {
    "model.embed_tokens": "cpu",
    "model.beacon_embed_tokens": "disk",
    "model.layers.0": "cpu",
    "model.layers.1": "disk",
    "model.norm": "cpu",
    "model.rotary_emb": "cpu",
    "lm_head": "disk",
}
GREEDY = Sampling(max_new_tokens=12, stop_ids=(10_000,))
TEXT = random_ids(1, 1, 100)[0].tolist()
QUESTIONS = [random_ids(seed, 1, 5)[0].tolist() for seed in (2, 3, 4)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("split") / "model", "qwen2")


@pytest.fixture(scope="module")
def whole(checkpoint: Path) -> Any:
    """The model on one device."""
    return load_model(checkpoint, device="cpu")


def read(model: Any) -> Memory:
    job = condense(model, TEXT)
    while True:
        try:
            next(job)
        except StopIteration as end:
            memory: Memory = end.value
            return memory


def told_together(model: Any, memory: Memory) -> dict[int, list[int]]:
    together = Together(model)
    told: dict[int, list[int]] = {}
    for question in QUESTIONS:
        together.join(memory, question, GREEDY)
    while together.rows:
        for row, token in together.step():
            told.setdefault(row, []).append(token)
    return told


@pytest.fixture(scope="module", params=["by name", "by room"])
def split(request: pytest.FixtureRequest, checkpoint: Path, whole: Any) -> Any:
    """The model with a part of it on disk, which is fetched whenever it is run."""
    if request.param == "by name":
        return load_model(checkpoint, device_map=SPLIT)
    size = sum(parameter.nbytes for parameter in whole.parameters())
    return load_model(checkpoint, device_map="auto", max_memory={"cpu": int(size * 0.7)})


def test_a_model_over_several_devices_remembers_and_answers_as_on_one(
    split: Any, whole: Any
) -> None:
    parts = {parameter.device.type for parameter in split.parameters()}
    assert parts == {"cpu", "meta"}  # what is on disk has no data here
    assert {"cpu", "disk"} == set(split.hf_device_map.values())
    one, several = read(whole), read(split)
    for layer, other in zip(one.layers, several.layers, strict=True):
        assert all(map(torch.equal, layer.whole(), other.whole()))
    for question in QUESTIONS:
        told = list(decode(split, several, question, GREEDY))
        assert told == list(decode(whole, one, question, GREEDY))
    assert told_together(split, several) == told_together(whole, one)


def test_a_memory_may_go_from_one_device_to_several(split: Any, whole: Any, tmp_path: Path) -> None:
    assert split.identity == whole.identity
    memory = read(whole)
    save_memory(memory, tmp_path / "memory.safetensors")
    opened = open_memory(tmp_path / "memory.safetensors", split)
    told = list(decode(split, opened, QUESTIONS[0], GREEDY))
    assert told == list(decode(whole, memory, QUESTIONS[0], GREEDY))


def test_the_layers_of_a_fork_are_alike_wherever_they_lie(whole: Any) -> None:
    memory = read(whole)
    assert all(layer.shared is not None for layer in memory.fork().layers)
    there: MemoryLayer = memory.layers[0]
    there.adopt(*(part.to("meta") for part in there.whole()))
    assert all(layer.shared is None for layer in memory.fork().layers)


def test_new_beacons_are_not_started_in_a_model_that_is_partly_elsewhere(tmp_path: Path) -> None:
    config, model = ARCHITECTURES["qwen2"]
    model(config(**SHAPE)).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="leave out the device map"):
        load_model(tmp_path, start_beacons=True, device_map=SPLIT)


def test_the_device_auto_is_full_precision_where_there_is_no_gpu(checkpoint: Path) -> None:
    model = load_model(checkpoint, device="auto")
    assert model.dtype == (torch.bfloat16 if torch.cuda.is_available() else torch.float32)
