"""Random models with random beacon settings, and texts cut into calls at random: one for each seed.

Knows how to draw a case and how the product reads it; knows nothing of what must come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from reference import Reference
from tiny_models import ARCHITECTURES, make_checkpoint, random_ids
from torch import Tensor

from beacon_qa.beacon import Memory, load_model

WINDOW = 16
RATIOS = (0, 1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Draw:
    """What one seed stands for: a checkpoint, a text (batch, tokens), the lengths of its calls."""

    architecture: str
    fields: dict[str, Any]
    ids: Tensor
    calls: list[int]
    seed: int

    def pair(self, folder: Path) -> tuple[Any, Reference]:
        """The checkpoint as the product loads it, and as the reference does."""
        make_checkpoint(folder, self.architecture, seed=self.seed, **self.fields)
        return load_model(folder, device="cpu", dtype=torch.float32), Reference(folder)

    @property
    def pieces(self) -> tuple[Tensor, ...]:
        return torch.split(self.ids, self.calls, dim=1)


def draw(seed: int, *, mixes: tuple[str, ...] = ("sequence",), shortest: int = 1) -> Draw:
    rng = Random(seed)
    architecture = list(ARCHITECTURES)[seed % len(ARCHITECTURES)]
    mix = rng.choice(mixes).replace("N", str(rng.randrange(400)))
    ratios = rng.choices(RATIOS, k=rng.randint(1, 4))
    if rng.random() < 0.25:
        ratios.insert(rng.randint(0, len(ratios)), 3)  # does not divide the window: passed over
    fields: dict[str, Any] = {
        "tie_word_embeddings": rng.random() < 0.5,
        "beacon_window": WINDOW,
        "beacon_ratio": ratios,
        "beacon_ratio_mix": mix,
        "beacon_param": rng.sample("qkvo", k=rng.randint(0, 4)),
        "beacon_sink_size": rng.choice((0, 0, 1, 2, 3)),
    }
    if architecture in ("llama", "qwen3"):
        fields["attention_bias"] = rng.random() < 0.5
    ids = random_ids(seed, rng.randint(1, 3), rng.randint(shortest, 90))
    calls: list[int] = []
    while sum(calls) < ids.shape[1]:
        calls.append(min(rng.randint(1, 40), ids.shape[1] - sum(calls)))
    return Draw(architecture, fields, ids, calls, seed)


def read(model: Any, memory: Memory, ids: Tensor) -> Tensor:
    """Logits of every token of `ids`, read on into the memory."""
    logits: Tensor = model(input_ids=ids, past_key_values=memory, logits_to_keep=0).logits
    return logits
