"""Load a model with its beacons: dtype, device, quantization, and beacons started anew.

Knows checkpoints and the library's loading; knows nothing of text. Loading is the stock
`from_pretrained` of safetensors: neither remote code nor a pickle ever runs, and what is missing
or unexpected is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    BitsAndBytesConfig,
)
from transformers.utils import logging

from beacon_qa.beacon.attention import NAME, register
from beacon_qa.beacon.config import BeaconConfig, read_config
from beacon_qa.beacon.hub import only_here
from beacon_qa.beacon.identity import identify
from beacon_qa.beacon.model import beacon_class
from beacon_qa.beacon.placing import DeviceMap, chosen_map, on_gpu
from beacon_qa.beacon.precision import fastest_dtype
from beacon_qa.beacon.tokenizer import first_line, tokenizer_digest
from beacon_qa.errors import ConfigError, ModelError

NEW_BEACONS: dict[str, Any] = {
    "beacon_window": 1024,
    "beacon_stride": 1024,
    "beacon_attn": "full-coverage",
    "beacon_attend_prev": True,
    "beacon_ratio": [2, 4, 8, 16, 32],
    "beacon_ratio_mix": "step-random",
    "beacon_param": ["q", "k", "v"],
    "beacon_embed_init": "eos",
    "beacon_sink_size": 0,
    "beacon_pos": "interleave",
    "beacon_parallel_window": 1,
}
"""Settings given to a plain model that starts new beacons, unless overridden (spec section 2)."""

_UNQUANTIZED = [
    "lm_head",
    *(f"beacon_{name}_proj" for name in ("q", "k", "v", "o")),
]
"""Modules kept in 16 bits: a list given to the library replaces its own, so the head is named."""


def load_model(
    path_or_id: str | Path,
    *,
    bits: int | None = None,
    device: str | torch.device | None = None,
    device_map: DeviceMap | None = None,
    max_memory: Mapping[int | str, int | str] | None = None,
    dtype: torch.dtype | None = None,
    revision: str | None = None,
    start_beacons: bool = False,
    **beacon_overrides: Any,
) -> Any:
    """Load a Hugging Face checkpoint as a model with beacons.

    `bits` 4 or 8 quantizes the base weights, never the beacons'; 16 or None does not. `device`
    None is the GPU if there is one; "auto" is the map "auto". A `device_map` spreads a model that
    is larger than a GPU over several, and over main memory and disk; `max_memory` is what it may
    take of each. `dtype` None is what `fastest_dtype` says for the device. `start_beacons` copies
    absent beacon weights from the model's own (spec section 3). Further keywords replace fields of
    the checkpoint's config.

    Raises ConfigError for settings that cannot be used, ModelError for weights that cannot.
    """
    register()
    name = str(path_or_id)
    config = _read_config(name, revision, start_beacons, beacon_overrides)
    where = device_map or chosen_map(device)
    if dtype is None:
        dtype = fastest_dtype("cuda" if on_gpu(where) else "cpu", config.dtype)
    stock = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    model, found = from_pretrained(
        beacon_class(stock),
        name,
        config=config,
        dtype=dtype,
        revision=revision,
        attn_implementation=NAME,
        device_map=where if isinstance(where, str) else dict(where),
        max_memory=None if max_memory is None else dict(max_memory),
        quantization_config=_quantization(bits, dtype),
    )
    _settle(model, found, name, start_beacons=start_beacons, bits=bits)
    tokenizer = tokenizer_digest(name, revision)
    model.complete(identify(model, name, revision, dtype, bits, tokenizer))
    return model.eval()


def _read_config(name: str, revision: str | None, start: bool, overrides: dict[str, Any]) -> Any:
    try:
        config = AutoConfig.from_pretrained(
            name, revision=revision, trust_remote_code=False, local_files_only=only_here(name)
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            f"No model could be loaded from {name!r}: {first_line(error)} Give the folder of a "
            "Hugging Face checkpoint, or a model id that this machine can download."
        ) from error
    if start:
        for key, value in NEW_BEACONS.items():
            if not hasattr(config, key):
                setattr(config, key, value)
    if "beacon_window" in overrides:
        overrides = {"beacon_stride": overrides["beacon_window"], **overrides}
    for key, value in overrides.items():
        setattr(config, key, value)
    read_config(config)  # refuses what we cannot honour, before any weights are read
    return config


def from_pretrained(cls: Any, name: str, **settings: Any) -> tuple[Any, dict[str, Any]]:
    """The library's loading of safetensors, quietly; raises ModelError where it fails."""
    try:
        with _quietly():
            model, found = cls.from_pretrained(
                name,
                output_loading_info=True,
                trust_remote_code=False,
                use_safetensors=True,
                local_files_only=only_here(name),
                **settings,
            )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelError(f"{name!r} could not be loaded: {first_line(error)}") from error
    return model, found


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the library's bar and report: what is missing is said by our own errors."""
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def _quantization(bits: int | None, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    if bits in (None, 16):
        return None
    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=_UNQUANTIZED)
    if bits == 4:
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=_UNQUANTIZED,
        )
    raise ConfigError(f"A model cannot be loaded in {bits} bits; choose 4, 8 or 16.")


def _settle(
    model: Any, found: dict[str, Any], name: str, *, start_beacons: bool, bits: int | None
) -> None:
    """Refuse what is missing or unexpected; start beacons where that is asked for."""
    missing, unexpected = sorted(found["missing_keys"]), sorted(found["unexpected_keys"])
    wrong = sorted(str(key) for key in found.get("mismatched_keys", ()))
    if wrong:
        raise ModelError(f"{name!r} has tensors of other shapes than its config says: {wrong[0]}.")
    if unexpected:
        raise ModelError(
            f"{name!r} holds {len(unexpected)} tensors its config has no place for, such as "
            f"{unexpected[0]}; is its beacon_param right?"
        )
    absent = [key for key in missing if "beacon" not in key]
    if absent:
        raise ModelError(f"{name!r} lacks {len(absent)} tensors, such as {absent[0]}.")
    if not missing:
        return
    if not start_beacons:
        raise ModelError(
            f"{name!r} has no trained beacons ({missing[0]} is missing). Use a beacon checkpoint, "
            "or start new beacons to train them (start_beacons=True)."
        )
    if bits in (4, 8):
        raise ConfigError(f"New beacons cannot be started from a {bits}-bit base; load 16 bits.")
    if any(parameter.is_meta for parameter in model.parameters()):
        raise ConfigError(
            "New beacons cannot be started in a model of which a part is kept elsewhere; leave "
            "out the device map."
        )
    _copy_own(model, missing)


@torch.no_grad()
def _copy_own(model: Any, missing: list[str]) -> None:
    """Start each missing kind of beacon weight as a copy of the model's own (spec section 3)."""
    beacon: BeaconConfig = model.beacon
    for name in beacon.params:
        if not any(f"beacon_{name}_proj" in key for key in missing):
            continue
        for layer in model.model.layers:
            own: nn.Linear = getattr(layer.self_attn, f"{name}_proj")
            copy: nn.Linear = getattr(layer.self_attn, f"beacon_{name}_proj")
            copy.load_state_dict(own.state_dict())
    if any("beacon_embed_tokens" in key for key in missing):
        token = getattr(model.config, f"{beacon.embed_init}_token_id")
        token = token[0] if isinstance(token, list) else token
        if token is None:
            raise ConfigError(
                f"The config names no {beacon.embed_init} token to start the beacon embedding from."
            )
        model.model.beacon_embed_tokens.weight[0] = model.model.embed_tokens.weight[token]
