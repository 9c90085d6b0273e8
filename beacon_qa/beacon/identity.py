"""Which model made a memory: what another must have in common with it to open it.

Knows a model's weights and settings; knows nothing of memories or files.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch

from beacon_qa.beacon.config import BeaconConfig
from beacon_qa.beacon.digest import weights_digest


@dataclass(frozen=True)
class ModelIdentity:
    """What a memory must have in common with the model that opens it.

    `weights` is a digest over samples of all tensors, `beacons` the settings that shape a memory,
    `tokenizer` a digest, empty when the model came without one.
    """

    name: str
    revision: str
    weights: str
    tokenizer: str
    dtype: str
    bits: str
    beacons: str

    @property
    def key(self) -> str:
        """A short digest of everything but the name: two equal models in two folders agree."""
        parts = [v for k, v in dataclasses.asdict(self).items() if k != "name"]
        return sha256("\0".join(parts).encode()).hexdigest()[:16]


def identify(
    model: Any,
    name: str,
    revision: str | None,
    dtype: torch.dtype,
    bits: int | None,
    tokenizer: str,
) -> ModelIdentity:
    """What a memory made by this model will have to match; `tokenizer` is a digest, or empty."""
    beacon: BeaconConfig = model.beacon
    settings = [beacon.window, beacon.ratios, beacon.params, beacon.sink, beacon.positions]
    return ModelIdentity(
        name=name,
        revision=revision or getattr(model.config, "_commit_hash", None) or "",
        weights=weights_digest(model),
        tokenizer=tokenizer,
        dtype=str(dtype).removeprefix("torch."),
        bits=str(bits or 16),
        beacons=json.dumps(settings),
    )
