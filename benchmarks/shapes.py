"""The shapes that are measured, as checkpoint folders, and memories of any length made in place.

Weights and keys are random where none are trained: what they hold makes no difference to how long
a product takes. The built-in model is the one that ships.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

import beacon_qa
from beacon_qa.beacon import Memory
from beacon_qa.beacon.attention import register
from beacon_qa.beacon.checkpoint import NEW_BEACONS
from beacon_qa.beacon.model import beacon_class
from beacon_qa.beacon.windows import Clock

BUILTIN = Path(beacon_qa.__file__).parent / "builtin" / "weights"

SMALL: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
HUNDRED: dict[str, Any] = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12}
SEVEN: dict[str, Any] = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28}


@dataclass(frozen=True)
class Shape:
    """A Qwen2 shape to be filled with random weights; `heads` are (query, key/value) heads."""

    sizes: dict[str, Any]
    heads: tuple[int, int]
    vocabulary: int
    window: int = 1024
    tied: bool = True
    dtype: torch.dtype = torch.float32
    beacons: dict[str, Any] = field(default_factory=lambda: dict(NEW_BEACONS))


SHAPES = {
    "tiny": Shape(SMALL, (4, 2), 128, window=32),
    "100m": Shape(HUNDRED, (12, 4), 32000),
    "7b": Shape(SEVEN, (28, 4), 152064, window=2048, tied=False, dtype=torch.bfloat16),
}


def write_checkpoint(name: str, folder: Path, *, seed: int = 0) -> Path:
    """Write a random model of a named shape to `folder`, beacons included, and return the folder.

    The built-in model is not written: its own folder is returned.
    """
    if name == "builtin":
        return BUILTIN
    shape = SHAPES[name]
    register()
    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        num_attention_heads=shape.heads[0],
        num_key_value_heads=shape.heads[1],
        max_position_embeddings=131072,
        tie_word_embeddings=shape.tied,
        bos_token_id=None,
        eos_token_id=0,
        dtype=shape.dtype,
        **shape.sizes,
        **shape.beacons | {"beacon_window": shape.window, "beacon_stride": shape.window},
    )
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(shape.dtype)
    try:
        with torch.device("cuda" if name == "7b" else "cpu"):
            model = beacon_class(Qwen2ForCausalLM)(config)
    finally:
        torch.set_default_dtype(before)
    model.save_pretrained(folder)
    return folder


def memory_of(model: Any, tokens: int, ratio: int) -> Memory:
    """A memory as large as one that has read `tokens`, filled with random keys and values."""
    window = model.beacon.window
    windows = tokens // window
    memory: Memory = model.new_memory(ratio)
    if not windows:
        return memory
    memory.clock = Clock(
        model.beacon, (ratio,), tokens=windows * window, closed=[ratio] * windows, ratio=ratio
    )
    memory.held = model.beacon.sink + windows * (window // ratio)
    weight = model.model.embed_tokens.weight
    for index, layer in enumerate(memory.layers):
        attention = model.model.layers[index].self_attn
        size = (1, model.config.num_key_value_heads, memory.held, attention.head_dim)
        device = attention.k_proj.weight.device
        keys, values = (torch.randn(size, device=device, dtype=weight.dtype) for _ in range(2))
        layer.adopt(keys, values)
    return memory


def random_ids(model: Any, count: int) -> torch.Tensor:
    """Token ids (count,) over the model's vocabulary."""
    return torch.randint(0, model.config.vocab_size, (count,))
