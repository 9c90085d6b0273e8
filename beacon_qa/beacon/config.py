"""What a checkpoint says about its beacons, read once, and refused where we cannot honour it.

Knows the `beacon_*` fields of a Hugging Face config. Knows nothing of tensors or text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from beacon_qa.errors import ConfigError

ARCHITECTURES = ("qwen2", "qwen3", "llama", "mistral")
"""Model types whose attention has separate q, k, v and o projections and plain rotary positions."""

REFUSED_SCALINGS = ("dynamic", "longrope", "su")
"""Rotary scalings whose frequencies depend on the length, so that cached keys could not stay."""


@dataclass(frozen=True)
class BeaconConfig:
    """How a model condenses: window, ratios and where beacons stand (spec section 2).

    `window` and `sink` count raw tokens and cache entries, `ratios` raw tokens per beacon,
    `positions` the rotary positions the model was trained for.
    """

    window: int
    ratios: tuple[int, ...]
    mix: str
    params: tuple[str, ...]
    sink: int
    embed_init: str
    positions: int

    @property
    def margin(self) -> int | None:
        """The N of an `adapt-N` mix, or None for the other mixes."""
        return int(self.mix.removeprefix("adapt-")) if self.mix.startswith("adapt-") else None


def read_config(config: Any) -> BeaconConfig:
    """Read the beacon settings of a Hugging Face config.

    Raises ConfigError for forms of the method other than interleaved beacons with full coverage,
    for unsupported architectures and rotary scalings, and for impossible values (spec sections
    2, 15 and 18).
    """
    _refuse_architecture(config)
    _refuse_form(config)
    window = config.beacon_window
    if not isinstance(window, int) or window < 1:
        raise ConfigError(f"beacon_window is {window!r}; it must be a positive number of tokens.")
    read = BeaconConfig(
        window=window,
        ratios=_read_ratios(getattr(config, "beacon_ratio", [2, 4, 8, 16, 32]), window),
        mix=_read_mix(getattr(config, "beacon_ratio_mix", "step-random")),
        params=_read_params(getattr(config, "beacon_param", [])),
        sink=_read_sink(getattr(config, "beacon_sink_size", 0), window),
        embed_init=getattr(config, "beacon_embed_init", "eos"),
        positions=_positions(config),
    )
    if read.embed_init not in ("eos", "bos"):
        raise ConfigError(f"beacon_embed_init is {read.embed_init!r}; it must be 'eos' or 'bos'.")
    return read


def _refuse_architecture(config: Any) -> None:
    kind = config.model_type
    if kind not in ARCHITECTURES:
        raise ConfigError(
            f"Models of type {kind!r} cannot carry beacons here; use one of "
            f"{', '.join(ARCHITECTURES)}."
        )
    scaling = _scaling(config).get("rope_type", "default")
    if scaling in REFUSED_SCALINGS:
        raise ConfigError(
            f"Rotary scaling {scaling!r} changes with the length of the text, so condensed keys "
            "could not stay where they are; use a checkpoint without it."
        )
    if _scaling(config).get("partial_rotary_factor", 1.0) != 1.0:
        raise ConfigError("Partial rotary embeddings are not supported; use a checkpoint without.")


def _refuse_form(config: Any) -> None:
    if not hasattr(config, "beacon_window") or not hasattr(config, "beacon_pos"):
        raise ConfigError(
            "The config has no beacon_window or no beacon_pos field: either a plain model or an "
            "older form of Activation Beacon. Give beacon settings to start new beacons "
            "(start_beacons=True), or use a checkpoint of the current form."
        )
    if config.beacon_pos != "interleave":
        raise ConfigError(f"beacon_pos is {config.beacon_pos!r}; only 'interleave' is supported.")
    attention = getattr(config, "beacon_attn", "full-coverage")
    if attention != "full-coverage":
        raise ConfigError(f"beacon_attn is {attention!r}; only 'full-coverage' is supported.")
    stride = getattr(config, "beacon_stride", config.beacon_window)
    if stride != config.beacon_window:
        raise ConfigError(
            f"beacon_stride is {stride!r} and beacon_window {config.beacon_window}; "
            "interleaved beacons need them equal."
        )


def _read_ratios(value: Any, window: int) -> tuple[int, ...]:
    ratios = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not ratios or not all(isinstance(r, int) and r >= 0 for r in ratios):
        raise ConfigError(f"beacon_ratio is {value!r}; it must list ratios of 0 or more.")
    if len(ratios) == 1:
        return check_ratios(ratios, window)
    if not any(r <= window and (r == 0 or window % r == 0) for r in ratios):
        raise ConfigError(
            f"None of the ratios {list(ratios)} divides the window of {window} tokens; give a "
            "beacon_ratio that does."
        )
    return ratios


def check_ratios(ratios: tuple[int, ...], window: int) -> tuple[int, ...]:
    """The ratios, if each is 0 or divides the window; ConfigError names the first that does not.

    With a ratio that does not divide the window, the last tokens of each window would be dropped
    unread (spec section 5).
    """
    if not ratios:
        raise ConfigError("The ratio schedule is empty; give at least one condensing ratio.")
    for ratio in ratios:
        if ratio < 0 or ratio > window or (ratio and window % ratio):
            raise ConfigError(
                f"Condensing ratio {ratio} does not divide the window of {window} tokens; "
                f"choose a divisor of {window}."
            )
    return ratios


def _read_mix(mix: Any) -> str:
    known = r"step-random|instance-random|sequence|adapt-\d+"
    if isinstance(mix, str) and re.fullmatch(known, mix):
        return mix
    raise ConfigError(
        f"beacon_ratio_mix is {mix!r}; it must be step-random, instance-random, sequence or "
        "adapt-N with a number N."
    )


def _read_params(params: Any) -> tuple[str, ...]:
    unknown = [p for p in params if p not in ("q", "k", "v", "o")]
    if unknown:
        raise ConfigError(f"beacon_param holds {unknown[0]!r}; only q, k, v and o are supported.")
    return tuple(p for p in "qkvo" if p in params)


def _read_sink(sink: Any, window: int) -> int:
    if not isinstance(sink, int) or not 0 <= sink <= window:
        raise ConfigError(f"beacon_sink_size is {sink!r}; it must be from 0 to {window}.")
    return sink


def _scaling(config: Any) -> dict[str, Any]:
    return dict(getattr(config, "rope_parameters", None) or {})


def _positions(config: Any) -> int:
    factor = float(_scaling(config).get("factor", 1.0))
    return int(config.max_position_embeddings * factor)
