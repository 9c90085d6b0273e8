"""Tiny checkpoints with random weights, as `load_model` and `reference.py` both read them.

Shapes are the library's own models'; weights are drawn so that logits depend strongly on memory.
Knows how to write a checkpoint folder; knows nothing of how one is run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 61
ARCHITECTURES: dict[str, tuple[Any, Any]] = {
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
}
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
}
BEACONS: dict[str, Any] = {
    "beacon_window": 16,
    "beacon_stride": 16,
    "beacon_attn": "full-coverage",
    "beacon_attend_prev": True,
    "beacon_ratio": [4],
    "beacon_ratio_mix": "sequence",
    "beacon_param": ["q", "k", "v"],
    "beacon_embed_init": "eos",
    "beacon_sink_size": 0,
    "beacon_pos": "interleave",
    "beacon_parallel_window": 1,
}


def make_checkpoint(folder: Path, architecture: str, *, seed: int = 0, **fields: Any) -> Path:
    """Write config.json and model.safetensors to `folder`; `fields` replace those above."""
    config_class, model_class = ARCHITECTURES[architecture]
    beacons = BEACONS | {k: v for k, v in fields.items() if k.startswith("beacon_")}
    shape = SHAPE | {k: v for k, v in fields.items() if not k.startswith("beacon_")}
    if architecture == "qwen3":
        shape.setdefault("head_dim", 12)  # not hidden size / heads, as in published Qwen3 models
    model = model_class(config_class(**shape, architectures=[model_class.__name__]))
    weights = dict(model.state_dict())
    if shape["tie_word_embeddings"]:
        del weights["lm_head.weight"]
    for name in [n for n in weights if ".self_attn." in n and "_proj." in n]:
        kind = name.split(".self_attn.")[1][0]
        if kind in beacons["beacon_param"]:
            weights[name.replace(f"{kind}_proj", f"beacon_{kind}_proj")] = weights[name]
    weights["model.beacon_embed_tokens.weight"] = torch.empty(1, shape["hidden_size"])
    generator = torch.Generator().manual_seed(seed)
    drawn = {name: _draw(name, weights[name], generator) for name in sorted(weights)}
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text()) | beacons
    (folder / "config.json").write_text(json.dumps(written))
    save_file(drawn, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def random_ids(seed: int, batch: int, count: int) -> Tensor:
    """Token ids (batch, count), uniform over the vocabulary."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, VOCABULARY, (batch, count), generator=generator)


def _draw(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(like.shape, generator=generator)
    if "norm" in name:
        return 1 + 0.1 * noise
    return noise * (0.3 if name.endswith("bias") else 1.0 if "embed" in name else 0.25)
