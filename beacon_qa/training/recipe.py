"""How the built-in model is taught: every figure of the recipe, in one place.

Three phases with longer and longer texts, since recall does not carry beyond the number of keys a
model was trained among: 1,024 tokens to form, then 4,096, then 8,192. Then a run that teaches to
look back, a longer one that alternates between short texts full of questions and long ones, and one
full of people's questions, which also teaches the evidence heads to point, and one with memories as
long as a novel's. Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.names import Split
from beacon_qa.training.samples import NEAR
from beacon_qa.training.trainer import Plan

DATA_SEED = 1

SHARPEN = 2.0
"""How much larger the matching queries are made once training is over: see `copying.sharpen`."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, up to step `until`: what it reads and how it learns from it.

    `decay` is the number of steps over which its learning rate would fall to a tenth. `batches`
    are taken in turn, one a step.
    """

    until: int
    decay: int
    batches: tuple[Recipe, ...]
    weights: Weights
    ratios: tuple[int, ...]
    plain_share: float
    learning_rate: float = 1e-3
    warmup: int = 100
    # The copying heads are in place: slower steps there keep them.
    attention_scale: float = 0.25
    muon: bool = False
    pointing: float = 0.0
    split: Split = "train"
    data_seed: int = DATA_SEED
    seed: int = 0

    def batch(self, step: int) -> Recipe:
        """What the batch of a step is made of."""
        return self.batches[step % len(self.batches)]

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
"""The run that made the weights that ship, as it went."""

LOOKING = Phase(
    until=520,
    decay=520,
    batches=(Recipe(rows=2, n=4096, shares=_LOOKING),),
    weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
    ratios=(4, 8, 8, 8, 16, 2, 32),
    plain_share=0.02,
    learning_rate=4e-4,
    warmup=30,
)
"""A run of its own after these and the sharpening: to answer from passages read again."""

_WIDE_SHORT = {
    "prose": 0.05,
    "repeat": 0.05,
    "planted": 0.15,
    "dense": 0.33,
    "records": 0.07,
    "reading": 0.20,
    "looked": 0.15,
}
_WIDE_LONG = {
    "repeat": 0.05,
    "planted": 0.17,
    "dense": 0.08,
    "interleaved": 0.25,
    "records": 0.05,
    "reading": 0.10,
    "looked": 0.30,
}

_SHORT_ROWS = Recipe(rows=12, n=1024, shares=_WIDE_SHORT)
_LONG_ROWS = Recipe(rows=3, n=4096, shares=_WIDE_LONG)
_LONGER_ROWS = Recipe(rows=2, n=8192, shares=_WIDE_LONG)

_WIDENING = Phase(
    until=180,
    decay=720,
    batches=(*3 * (_SHORT_ROWS, _LONG_ROWS), _SHORT_ROWS, _LONGER_ROWS),
    weights=Weights(prose=0.3, answer=5.0, repeat=1.0),
    ratios=(4, 8, 8, 8, 16, 16, 2, 32),
    plain_share=0.03,
    learning_rate=6e-4,
    warmup=30,
    attention_scale=0.3,
    muon=True,
    data_seed=11,
    seed=7,
)

_WILD = replace(_WIDENING, until=479, decay=600, split="wild")

WIDENING = (_WIDENING, _WILD, replace(_WILD, until=534, decay=534))
"""The last run: many questions a token on short texts, and many keys on long ones; from its second
phase on with names of no list, since it copied the names it knew for those it did not. The third
lets the learning rate fall to its end."""

_READ_ROWS = Recipe(
    rows=16, n=768, shares={"reading": 0.60, "looked reading": 0.30, "looked": 0.10}
)
_READ_SHORT = {
    "prose": 0.05,
    "repeat": 0.05,
    "planted": 0.15,
    "dense": 0.30,
    "records": 0.05,
    "reading": 0.20,
    "looked": 0.10,
    "looked reading": 0.10,
}
_READ_LONG = {
    "repeat": 0.04,
    "planted": 0.17,
    "dense": 0.06,
    "interleaved": 0.25,
    "records": 0.04,
    "reading": 0.10,
    "looked": 0.22,
    "looked reading": 0.12,
}
_READ_SHORT_ROWS = replace(_SHORT_ROWS, shares=_READ_SHORT)
_READ_LONG_ROWS = replace(_LONG_ROWS, shares=_READ_LONG)
_READ_LONGER_ROWS = replace(_LONGER_ROWS, shares=_READ_LONG)

READING = replace(
    _WILD,
    until=600,
    decay=660,
    batches=(
        *2 * (_READ_ROWS, _READ_LONG_ROWS, _READ_SHORT_ROWS),
        _READ_ROWS,
        _READ_LONGER_ROWS,
    ),
    plain_share=0.12,
    pointing=0.3,
    data_seed=23,
    seed=19,
)
"""A run full of people's questions, some read raw, with more wordings than before, in which the
evidence heads learn to point."""

_DISTANT = {"distant": 0.55, "distant looked": 0.45}


def _far(tokens: int) -> Recipe:
    return Recipe(rows=1, n=tokens + NEAR, shares=_DISTANT, far=tokens)


_DISTANCE = replace(
    READING,
    until=79,
    decay=150,
    batches=(
        _far(14336),
        _READ_ROWS,
        _far(30720),
        _far(14336),
        _READ_SHORT_ROWS,
        _far(63488),
    ),
    ratios=(4, 8, 8, 8, 16, 16, 32),
    plain_share=0.05,
    learning_rate=3e-4,
    data_seed=31,
    seed=29,
)

DISTANCE = (_DISTANCE, replace(_DISTANCE, until=100, decay=100))
"""The last run: to find something in memories as long as a novel's, which no gradients reach. Its
second phase lets the learning rate fall to its end."""

AFTERWARDS = {
    "looking": (LOOKING,),
    "widening": WIDENING,
    "reading": (READING,),
    "distance": DISTANCE,
}
"""The runs after the phases and the sharpening, and the folder each is kept in."""

STEPS = PHASES[-1].until


def phases(steps: int = STEPS) -> list[Phase]:
    """The phases of a run of `steps`: cut short, or the last one gone on with."""
    last = PHASES[-1]
    kept = [phase for phase in PHASES[:-1] if phase.until < steps]
    following = PHASES[len(kept)]
    decay = max(following.decay, steps) if following is last else following.decay
    return [*kept, replace(following, until=steps, decay=decay)]
