"""How the built-in model is taught: every figure of the recipe, in one place.

Three phases with longer and longer texts, since recall does not carry beyond the number of keys a
model was trained among: 1,024 tokens to form, then 4,096, then 8,192. Then a run that teaches to
look back. Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.trainer import Plan

DATA_SEED = 1

SHARPEN = 2.0
"""How much larger the matching queries are made once training is over: see `copying.sharpen`."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, up to step `until`: what it reads and how it learns from it.

    `decay` is the number of steps over which its learning rate would fall to a tenth.
    """

    until: int
    decay: int
    batch: Recipe
    weights: Weights
    ratios: tuple[int, ...]
    plain_share: float
    learning_rate: float = 1e-3
    warmup: int = 100

    def plan(self, *, learning_rate: float | None = None, seed: int = 0) -> Plan:
        """The plan of this phase: base and beacons together, small ratios more often."""
        return Plan(
            steps=self.until,
            decay=self.decay,
            learning_rate=self.learning_rate if learning_rate is None else learning_rate,
            warmup=self.warmup,
            ratios=self.ratios,
            mixed_share=0.4,
            plain_share=self.plain_share,
            train_base=True,
            # The copying heads are in place: slower steps there keep them.
            attention_scale=0.25,
            seed=seed,
            save_every=180,
        )


_SHORT = {
    "prose": 0.15,
    "repeat": 0.10,
    "planted": 0.20,
    "dense": 0.15,
    "interleaved": 0.17,
    "records": 0.08,
    "reading": 0.15,
}
_LOOKING = {
    "prose": 0.06,
    "repeat": 0.04,
    "planted": 0.12,
    "dense": 0.12,
    "interleaved": 0.18,
    "records": 0.04,
    "reading": 0.12,
    "looked": 0.32,
}
_LONG = {
    "prose": 0.05,
    "repeat": 0.06,
    "planted": 0.20,
    "dense": 0.15,
    "interleaved": 0.34,
    "records": 0.08,
    "reading": 0.12,
}

PHASES = (
    Phase(
        until=444,
        decay=1900,
        batch=Recipe(rows=6, n=1024, shares=_SHORT),
        weights=Weights(prose=0.5, answer=4.0, repeat=1.0),
        ratios=(2, 4, 4, 8, 8, 16, 32),
        plain_share=0.08,
    ),
    Phase(
        until=729,
        decay=1250,
        batch=Recipe(rows=2, n=4096, shares=_LONG),
        weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
        ratios=(2, 2, 4, 4, 4, 8, 8, 8, 16, 32),
        plain_share=0.04,
    ),
    Phase(
        until=864,
        decay=919,
        batch=Recipe(rows=1, n=8192, shares=_LONG),
        weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
        ratios=(2, 4, 4, 4, 8, 8, 16),
        plain_share=0.02,
    ),
)
"""The run that made the weights that ship, as it went."""

LOOKING = Phase(
    until=520,
    decay=520,
    batch=Recipe(rows=2, n=4096, shares=_LOOKING),
    weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
    ratios=(4, 8, 8, 8, 16, 2, 32),
    plain_share=0.02,
    learning_rate=4e-4,
    warmup=30,
)
"""A run of its own after these and the sharpening: to answer from passages read again."""

STEPS = PHASES[-1].until


def phases(steps: int = STEPS) -> list[Phase]:
    """The phases of a run of `steps`: cut short, or the last one gone on with."""
    last = PHASES[-1]
    kept = [phase for phase in PHASES[:-1] if phase.until < steps]
    following = PHASES[len(kept)]
    decay = max(following.decay, steps) if following is last else following.decay
    return [*kept, replace(following, until=steps, decay=decay)]
