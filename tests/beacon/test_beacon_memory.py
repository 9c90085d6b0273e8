"""Memory as a value: kept on disk, forked, refused where it does not belong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import make_checkpoint, random_ids
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from beacon_qa.beacon import Memory, load_model, open_memory, read_header, save_memory
from beacon_qa.errors import ConfigError, MemoryFileError, MemoryMismatch, ModelError


def load(folder: Path, **settings: Any) -> Any:
    return load_model(folder, device="cpu", **settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "model", "qwen2", seed=1, beacon_ratio=[2, 4, 8])


def read(model: Any, count: int, ratio: int | None = 4) -> Memory:
    memory: Memory = model.new_memory(ratio)
    model(input_ids=random_ids(3, 1, count), past_key_values=memory)
    return memory


def next_logits(model: Any, memory: Memory) -> torch.Tensor:
    logits: torch.Tensor = model(
        input_ids=random_ids(4, 1, 20), past_key_values=memory.fork(), logits_to_keep=0
    ).logits
    return logits


@pytest.mark.parametrize("count", [0, 5, 16, 75])
def test_a_memory_opened_again_goes_on_as_before(folder: Path, tmp_path: Path, count: int) -> None:
    model = load(folder)
    memory = read(model, count, None) if count else model.new_memory()
    save_memory(memory, tmp_path / "a.memory", {"text": "digest"})
    again = open_memory(tmp_path / "a.memory", model)
    assert (again.tokens, again.windows, again.sizes if count else ()) == (
        memory.tokens,
        memory.windows,
        memory.sizes if count else (),
    )
    assert torch.equal(next_logits(model, again), next_logits(model, memory))
    assert read_header(tmp_path / "a.memory")["note"] == {"text": "digest"}


def test_a_memory_file_is_for_its_owner_alone(folder: Path, tmp_path: Path) -> None:
    save_memory(read(load(folder), 40), tmp_path / "a.memory")
    assert (tmp_path / "a.memory").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.new")) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"beacon_ratio": [2, 4]}, "ratios"),
        ({"beacon_window": 8}, "window"),
        ({"dtype": torch.bfloat16}, "dtype"),
        ({"bits": 4}, "quantization"),
    ],
)
def test_a_memory_of_other_settings_is_refused(
    folder: Path, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    save_memory(read(load(folder), 40), tmp_path / "a.memory")
    with pytest.raises(MemoryMismatch, match=said):
        open_memory(tmp_path / "a.memory", load(folder, **settings))


def test_a_memory_of_other_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    save_memory(read(load(folder), 40), tmp_path / "a.memory")
    other = make_checkpoint(tmp_path / "other", "qwen2", seed=2, beacon_ratio=[2, 4, 8])
    with pytest.raises(MemoryMismatch, match="other weights"):
        open_memory(tmp_path / "a.memory", load(other))


def test_a_memory_of_another_tokenizer_is_refused(folder: Path, tmp_path: Path) -> None:
    save_memory(read(load(folder), 40), tmp_path / "a.memory")
    words = Tokenizer(WordLevel({"a": 0, "b": 1}, unk_token="a"))
    words.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "a"}'
    )
    with pytest.raises(MemoryMismatch, match="tokenizer"):
        open_memory(tmp_path / "a.memory", load(folder))


def test_the_same_model_in_another_folder_opens_it(folder: Path, tmp_path: Path) -> None:
    save_memory(read(load(folder), 40), tmp_path / "a.memory")
    shutil.copytree(folder, tmp_path / "copy")
    assert open_memory(tmp_path / "a.memory", load(tmp_path / "copy")).tokens == 40


@pytest.mark.parametrize("left", [0, 7, 200, -10])
def test_a_cut_or_foreign_file_is_refused(folder: Path, tmp_path: Path, left: int) -> None:
    model, path = load(folder), tmp_path / "a.memory"
    save_memory(read(model, 40), path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(MemoryFileError, match="read the document again"):
        open_memory(path, model)


def test_a_model_file_is_not_a_memory(folder: Path) -> None:
    with pytest.raises(MemoryFileError, match="not a memory file"):
        read_header(folder / "model.safetensors")


def test_a_fork_leaves_the_memory_as_it_was(folder: Path) -> None:
    model = load(folder)
    memory = read(model, 45)
    before = next_logits(model, memory)
    kept = [layer.keys[:, :, : layer.length].clone() for layer in memory.layers]
    fork = memory.fork()
    model(input_ids=random_ids(9, 1, 60), past_key_values=fork)
    assert fork.tokens == 105
    assert memory.tokens == 45
    for layer, keys in zip(memory.layers, kept, strict=True):
        assert torch.equal(layer.keys[:, :, : layer.length], keys)
    assert torch.equal(next_logits(model, memory), before)


def test_a_memory_goes_on_unmoved_by_its_forks(folder: Path) -> None:
    model = load(folder)
    memory, alone = read(model, 45), read(model, 45)
    fork = memory.fork()
    model(input_ids=random_ids(9, 1, 60), past_key_values=fork)
    for each in (memory, alone):
        model(input_ids=random_ids(8, 1, 60), past_key_values=each)
    assert torch.equal(next_logits(model, memory), next_logits(model, alone))
    assert not torch.equal(next_logits(model, fork), next_logits(model, alone))


def test_a_pass_that_fails_leaves_the_memory_as_it_was(folder: Path) -> None:
    model = load(folder)
    memory = read(model, 40)
    before, sizes = next_logits(model, memory), memory.sizes

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    hook = model.model.layers[1].register_forward_hook(fail)
    with pytest.raises(KeyboardInterrupt):
        model(input_ids=random_ids(5, 1, 3), past_key_values=memory)
    hook.remove()
    assert (memory.tokens, memory.sizes) == (40, sizes)
    assert torch.equal(next_logits(model, memory), before)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"input_ids": torch.zeros(1, 0, dtype=torch.long)}, "at least one token"),
        ({"input_ids": torch.zeros(2, 3, dtype=torch.long)}, "holds 1 rows"),
        ({"input_ids": random_ids(1, 1, 3), "logits_to_keep": -1}, "logits_to_keep"),
        ({"input_ids": random_ids(1, 1, 3), "labels": random_ids(1, 1, 2)}, "Labels"),
        (
            {
                "input_ids": random_ids(1, 1, 3),
                "attention_mask": torch.tensor([[1, 0, 1]]),
            },
            "padded",
        ),
    ],
)
def test_input_that_cannot_be_read_is_refused(
    folder: Path, call: dict[str, Any], said: str
) -> None:
    model = load(folder)
    memory = read(model, 40)
    with pytest.raises(ModelError, match=said):
        model(past_key_values=memory, **call)
    assert memory.tokens == 40


@pytest.mark.parametrize("ratio", [3, 32, -1, [], [4, 5]])
def test_ratios_that_do_not_divide_the_window_are_refused(folder: Path, ratio: Any) -> None:
    with pytest.raises(ConfigError, match="ratio"):
        load(folder).new_memory(ratio)


def test_a_memory_cannot_be_cut_back_to_what_it_never_was(folder: Path) -> None:
    with pytest.raises(ModelError, match="2 full windows"):
        read(load(folder), 40).as_of(3)
