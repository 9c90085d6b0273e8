"""Which attention heads tell where a text is looked up: kept in the checkpoint's config.

    "beacon_evidence_heads": [[1, 0], [1, 2], ...]     layers and query heads, best first
    "beacon_evidence_contrast": 9.5                    above it a find is trusted
    "beacon_evidence_narrow": true                     what was read again needs no more memory

`beacon-qa evaluate --calibrate` chooses the first two on texts whose answers are known. Of a
checkpoint without them, heads from the middle of its layers are watched, where models look things
up. Knows a Hugging Face config; knows nothing of tensors.
"""

from __future__ import annotations

from typing import Any

from beacon_qa.errors import ConfigError

Head = tuple[int, int]
"""A layer and one of its query heads, both counted from 0."""

MOST_HEADS = 8
"""Heads watched when the checkpoint names none: as many as stay cheap."""

CONTRAST = 12.0
"""How sharp a find must be to be trusted when the checkpoint does not say."""


def evidence_heads(config: Any) -> tuple[Head, ...]:
    """The heads to watch; raises ConfigError for heads the model does not have."""
    layers, heads = config.num_hidden_layers, config.num_attention_heads
    named = getattr(config, "beacon_evidence_heads", None)
    if named is None:
        groups = heads // config.num_key_value_heads
        # One head of each key/value head: those of a group look at the same keys.
        firsts = range(0, heads, groups)
        places = sorted({layers // 2, 2 * layers // 3})
        each = max(1, MOST_HEADS // len(places))
        return tuple((layer, head) for layer in places for head in [*firsts][:each])
    if not isinstance(named, list | tuple) or not named:
        raise ConfigError(f"beacon_evidence_heads is {named!r}; it must be a list of heads.")
    return tuple(_head(pair, layers, heads) for pair in named)


def _head(pair: Any, layers: int, heads: int) -> Head:
    whole = isinstance(pair, list | tuple) and [type(place) for place in pair] == [int, int]
    if not whole or not (0 <= pair[0] < layers and 0 <= pair[1] < heads):
        raise ConfigError(
            f"beacon_evidence_heads names {pair!r}; each is a layer below {layers} and a head "
            f"below {heads}."
        )
    return pair[0], pair[1]


def evidence_contrast(config: Any) -> float:
    """The contrast above which a find is trusted; raises ConfigError for one that is none."""
    value = getattr(config, "beacon_evidence_contrast", CONTRAST)
    # Written so that a NaN, which a JSON file may hold, is refused too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ConfigError(f"beacon_evidence_contrast is {value!r}; it must be 0 or more.")
    return float(value)


def evidence_narrow(config: Any) -> bool:
    """Whether passages are best read again behind the memory of their own windows alone.

    Raises ConfigError for what is neither true nor false.
    """
    value = getattr(config, "beacon_evidence_narrow", False)
    if not isinstance(value, bool):
        raise ConfigError(f"beacon_evidence_narrow is {value!r}; it must be true or false.")
    return value
