"""How the built-in model is taught: every figure of the recipe, in one place.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.trainer import Plan

STEPS = 1900
DATA_SEED = 1

SHARES: Mapping[str, float] = MappingProxyType(
    {
        "prose": 0.15,
        "repeat": 0.10,
        "planted": 0.20,
        "dense": 0.15,
        "interleaved": 0.17,
        "records": 0.08,
        "reading": 0.15,
    }
)
"""How often each kind of sample is drawn."""

BATCH = Recipe(rows=6, n=1024, shares=SHARES)

WEIGHTS = Weights(prose=0.5, answer=4.0, repeat=1.0)
"""What each kind of target weighs: answers most, since they are few and are what is wanted."""


def builtin_plan(steps: int = STEPS, *, learning_rate: float | None = None, seed: int = 0) -> Plan:
    """The plan of a run from scratch: base and beacons together, small ratios more often."""
    return Plan(
        steps=steps,
        learning_rate=1e-3 if learning_rate is None else learning_rate,
        warmup=100,
        ratios=(2, 4, 4, 8, 8, 16, 32),
        mixed_share=0.4,
        plain_share=0.08,
        train_base=True,
        # The copying heads are in place: slower steps there keep them.
        attention_scale=0.25,
        seed=seed,
        save_every=180,
    )
