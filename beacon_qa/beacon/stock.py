"""The model of a checkpoint as the library knows it, without beacons: what ours is compared with.

Knows checkpoints; knows nothing of text.
"""

from __future__ import annotations

from typing import Any

from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

from beacon_qa.beacon.checkpoint import from_pretrained


def load_stock(like: Any) -> Any:
    """Load the checkpoint of a model with beacons as its stock class, on the same device.

    In the same dtype and as many bits. Raises ModelError when it cannot be loaded.
    """
    model, _ = from_pretrained(
        MODEL_FOR_CAUSAL_LM_MAPPING[type(like.config)],
        like.identity.name,
        dtype=like.lm_head.weight.dtype,
        revision=like.identity.revision or None,
        attn_implementation="sdpa",
        device_map={"": like.lm_head.weight.device},
        quantization_config=getattr(like.config, "quantization_config", None),
    )
    return model.eval()
