"""How the built-in model is taught: the figures of its first run, and what a run is made of.

Three phases with longer and longer texts, since recall does not carry beyond the number of keys a
model was trained among: 1,024 tokens to form, then 4,096, then 8,192. The runs after them are in
afterwards. Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.names import Split
from beacon_qa.training.reading import TALES
from beacon_qa.training.trainer import Plan

DATA_SEED = 1

SHARPEN = 2.0
"""How much larger the matching queries are made once training is over: see `copying.sharpen`."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, up to step `until`: what it reads and how it learns from it.

    `decay` is the number of steps over which its learning rate would fall to `end` of it. `batches`
    are taken in turn, one a step. Without `base` the beacons alone learn.
    """

    until: int
    decay: int
    batches: tuple[Recipe, ...]
    weights: Weights
    ratios: tuple[int, ...]
    plain_share: float
    learning_rate: float = 1e-3
    warmup: int = 100
    end: float = 0.1
    # The copying heads are in place: slower steps there keep them.
    attention_scale: float = 0.25
    muon: bool = False
    pointing: float = 0.0
    split: Split = "train"
    wordings: Split = "train"
    tales: float = TALES
    base: bool = True
    data_seed: int = DATA_SEED
    seed: int = 0

    def batch(self, step: int) -> Recipe:
        """What the batch of a step is made of."""
        return self.batches[step % len(self.batches)]

    def plan(self, *, learning_rate: float | None = None, seed: int = 0) -> Plan:
        """The plan of this phase, small ratios more often."""
        return Plan(
            steps=self.until,
            decay=self.decay,
            learning_rate=self.learning_rate if learning_rate is None else learning_rate,
            warmup=self.warmup,
            end=self.end,
            ratios=self.ratios,
            mixed_share=0.4,
            plain_share=self.plain_share,
            train_base=self.base,
            attention_scale=self.attention_scale,
            muon=self.muon,
            pointing=self.pointing,
            seed=seed + self.seed,
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
        batches=(Recipe(rows=6, n=1024, shares=_SHORT),),
        weights=Weights(prose=0.5, answer=4.0, repeat=1.0),
        ratios=(2, 4, 4, 8, 8, 16, 32),
        plain_share=0.08,
    ),
    Phase(
        until=729,
        decay=1250,
        batches=(Recipe(rows=2, n=4096, shares=_LONG),),
        weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
        ratios=(2, 2, 4, 4, 4, 8, 8, 8, 16, 32),
        plain_share=0.04,
    ),
    Phase(
        until=864,
        decay=919,
        batches=(Recipe(rows=1, n=8192, shares=_LONG),),
        weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
        ratios=(2, 4, 4, 4, 8, 8, 16),
        plain_share=0.02,
    ),
)
"""The first run, as it went."""

STEPS = PHASES[-1].until


def phases(steps: int = STEPS) -> list[Phase]:
    """The phases of a run of `steps`: cut short, or the last one gone on with."""
    last = PHASES[-1]
    kept = [phase for phase in PHASES[:-1] if phase.until < steps]
    following = PHASES[len(kept)]
    decay = max(following.decay, steps) if following is last else following.decay
    return [*kept, replace(following, until=steps, decay=decay)]
