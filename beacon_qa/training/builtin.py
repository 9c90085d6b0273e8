"""The built-in model: its shape, how it starts, how its weights are written.

Knows one small Qwen2 shape; the texts and the training are other rooms' work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM

from beacon_qa.beacon.attention import NAME, register
from beacon_qa.beacon.checkpoint import NEW_BEACONS
from beacon_qa.beacon.identity import identify
from beacon_qa.beacon.model import beacon_class
from beacon_qa.training.copying import write_copying_heads

WINDOW = 128
RATIOS = (2, 4, 8, 16, 32)

EVIDENCE_HEADS = ((1, 0), (2, 2), (1, 4), (1, 6), (2, 4))
"""The heads that find planted facts, as `evaluation.calibrate` chose them on 24 of training's."""
EVIDENCE_CONTRAST = 5.0
"""Below this a find is not trusted; finds in short texts stand out less than in long ones."""

SHAPE: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "max_position_embeddings": 32768,
    # A large base keeps most rotary pairs still over a whole book, so that contents can be
    # matched at distances never trained on.
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e8},
    "tie_word_embeddings": False,
    "attention_dropout": 0.0,
}


def new_builtin(tokenizer: PreTrainedTokenizerBase, *, seed: int = 0) -> Any:
    """A model of the built-in's shape, its copying heads in place and nothing learnt yet."""
    register()
    settings = {
        **NEW_BEACONS,
        "beacon_window": WINDOW,
        "beacon_stride": WINDOW,
        "beacon_ratio": list(RATIOS),
        "beacon_ratio_mix": "adapt-1024",
        "beacon_param": ["q", "k", "v", "o"],
        "beacon_evidence_heads": [list(head) for head in EVIDENCE_HEADS],
        "beacon_evidence_contrast": EVIDENCE_CONTRAST,
        "beacon_evidence_narrow": True,
    }
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **SHAPE,
        **settings,
    )
    config._attn_implementation = NAME
    torch.manual_seed(seed)
    model = beacon_class(Qwen2ForCausalLM)(config)
    write_copying_heads(model, seed=seed)
    model.complete(identify(model, "new", None, torch.float32, None, ""))
    return model


def write_weights(model: Any, folder: Path) -> None:
    """Write the model to `folder` in bfloat16, as a Hugging Face checkpoint of its stock class.

    Any tool can load it as the plain model, by ignoring the beacons' tensors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.to(torch.bfloat16) for key, value in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    model.generation_config.save_pretrained(folder)
    config = model.config.to_diff_dict()
    config |= {"dtype": "bfloat16", "architectures": ["Qwen2ForCausalLM"]}
    written = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "config.json").write_text(written, encoding="utf-8")
