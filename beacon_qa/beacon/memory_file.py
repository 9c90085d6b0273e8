"""Keep a memory on disk and open it again: safetensors with a JSON header, no pickle.

The header carries what made the memory; a model that differs in any of it is refused, since its
answers would be silently wrong. Knows files; knows nothing of how a memory is filled.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.placing import device_of
from beacon_qa.beacon.windows import Clock, kept_per_window
from beacon_qa.errors import MemoryFileError, MemoryMismatch

FORMAT = "beacon-memory-1"

_MEANING = {
    "dtype": "another dtype",
    "bits": "another quantization",
    "beacons": "another window or set of condensing ratios",
    "tokenizer": "another tokenizer",
    "revision": "another revision of the model",
    "weights": "other weights",
}


def save_memory(memory: Memory, path: Path, note: Mapping[str, str] | None = None) -> None:
    """Write a memory to `path`, mode 0600, replacing a file there only when it is whole.

    `note` is kept in the header for the caller: the digest of the text it was made from, say.
    Raises MemoryFileError if the disk refuses.
    """
    tensors = {}
    for index, layer in enumerate(memory.layers):
        if layer.is_initialized:
            keys, values = layer.whole()
            tensors[f"keys.{index}"] = keys.contiguous()
            tensors[f"values.{index}"] = values.contiguous()
    clock = memory.clock
    header = {
        "format": FORMAT,
        "identity": dataclasses.asdict(memory.identity),
        "clock": {
            "schedule": clock.schedule,
            "seed": clock.seed,
            "tokens": clock.tokens,
            "in_window": clock.in_window,
            "ratio": clock.ratio,
            "pinned": clock.pinned,
            "closed": clock.closed,
        },
        "note": dict(note or {}),
    }
    written = path.with_name(path.name + ".new")
    try:
        written.touch(mode=0o600)
        save_file(tensors, written, metadata={"memory": json.dumps(header)})
        written.chmod(0o600)
        os.replace(written, path)
    except (OSError, SafetensorError) as error:
        written.unlink(missing_ok=True)
        raise MemoryFileError(f"The memory could not be written to {path}: {error}") from error


def read_header(path: Path) -> dict[str, Any]:
    """What a memory file says of itself, without its tensors; MemoryFileError if it is not one."""
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["memory"])
    except FileNotFoundError as error:
        raise MemoryFileError(f"There is no memory file at {path}.") from error
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise MemoryFileError(
            f"{path} is damaged or is not a memory file; read the document again."
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise MemoryFileError(f"{path} is a memory of another version; read the document again.")
    return header


def open_memory(path: Path, model: Any) -> Memory:
    """Open the memory at `path` for `model`, on the model's device.

    Raises MemoryMismatch if it was made by another model, tokenizer, revision, ratio set or
    dtype, MemoryFileError if the file is damaged.
    """
    header = read_header(path)
    made_by, mine = header["identity"], dataclasses.asdict(model.identity)
    for field, meaning in _MEANING.items():
        if made_by.get(field) != mine[field]:
            raise MemoryMismatch(
                f"The memory {path.name} was made with {meaning} ({made_by.get(field)!r:.60}, "
                f"here {mine[field]!r:.60}); read the document again with this model."
            )
    memory: Memory = model.new_memory()
    try:
        memory.clock = Clock(model.beacon, **_clock_fields(header["clock"]))
        _fill(memory, path, model)
    except (KeyError, TypeError, ValueError, OSError, SafetensorError) as error:
        raise MemoryFileError(f"{path} is damaged ({error}); read the document again.") from error
    return memory


def _clock_fields(saved: dict[str, Any]) -> dict[str, Any]:
    schedule = saved["schedule"]
    return {**saved, "schedule": tuple(schedule) if schedule else None}


def _fill(memory: Memory, path: Path, model: Any) -> None:
    clock, window = memory.clock, memory.config.window
    memory.held = sum(kept_per_window(r, window) for r in clock.closed)
    memory.held += memory.config.sink if clock.closed else 0
    beacons = clock.in_window // clock.ratio if clock.ratio else 0
    expected = memory.held + clock.in_window + beacons
    heads = model.config.num_key_value_heads
    with safe_open(path, framework="pt") as file:
        if not clock.tokens:
            return
        for index, layer in enumerate(memory.layers):
            device = device_of(model.model.layers[index].self_attn.k_proj)
            keys = file.get_tensor(f"keys.{index}").to(device)
            values = file.get_tensor(f"values.{index}").to(device)
            size = model.model.layers[index].self_attn.head_dim
            if keys.shape != values.shape or keys.shape[1:] != torch.Size([heads, expected, size]):
                raise ValueError(f"layer {index} has shape {tuple(keys.shape)}")
            layer.adopt(keys, values)
