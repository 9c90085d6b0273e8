"""The runs after the first one and its sharpening that teach to be asked, each with its figures.

One teaches to look back; a longer one alternates between short texts full of questions and long
ones; one is full of people's questions and teaches the evidence heads to point; one has memories as
long as a novel's; the last asks much of memory, in more wordings. Knows numbers; the making of
samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.recipe import Phase
from beacon_qa.training.samples import NEAR

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
"""After the sharpening: to answer from passages read again."""

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

SHORT_ROWS = Recipe(rows=12, n=1024, shares=_WIDE_SHORT)
_LONG_ROWS = Recipe(rows=3, n=4096, shares=_WIDE_LONG)
_LONGER_ROWS = Recipe(rows=2, n=8192, shares=_WIDE_LONG)

_WIDENING = Phase(
    until=180,
    decay=720,
    batches=(*3 * (SHORT_ROWS, _LONG_ROWS), SHORT_ROWS, _LONGER_ROWS),
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
"""Many questions a token on short texts, and many keys on long ones; from its second
phase on with names of no list, since it copied the names it knew for those it did not. The third
lets the learning rate fall to its end."""

READ_ROWS = Recipe(rows=16, n=768, shares={"reading": 0.60, "looked reading": 0.30, "looked": 0.10})
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
_READ_SHORT_ROWS = replace(SHORT_ROWS, shares=_READ_SHORT)
_READ_LONG_ROWS = replace(_LONG_ROWS, shares=_READ_LONG)
_READ_LONGER_ROWS = replace(_LONGER_ROWS, shares=_READ_LONG)

READING = replace(
    _WILD,
    until=600,
    decay=660,
    batches=(
        *2 * (READ_ROWS, _READ_LONG_ROWS, _READ_SHORT_ROWS),
        READ_ROWS,
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


def far(tokens: int) -> Recipe:
    return Recipe(rows=1, n=tokens + NEAR, shares=_DISTANT, far=tokens)


_DISTANCE = replace(
    READING,
    until=79,
    decay=150,
    batches=(
        far(14336),
        READ_ROWS,
        far(30720),
        far(14336),
        _READ_SHORT_ROWS,
        far(63488),
    ),
    ratios=(4, 8, 8, 8, 16, 16, 32),
    plain_share=0.05,
    learning_rate=3e-4,
    data_seed=31,
    seed=29,
)

DISTANCE = (_DISTANCE, replace(_DISTANCE, until=100, decay=100))
"""To find something in memories as long as a novel's, which no gradients reach. Its
second phase lets the learning rate fall to its end."""

_RECALL_SHORT = {
    "prose": 0.06,
    "repeat": 0.04,
    "planted": 0.22,
    "dense": 0.40,
    "records": 0.06,
    "reading": 0.10,
    "looked": 0.12,
}
_RECALL_LONG = {
    "repeat": 0.05,
    "planted": 0.22,
    "dense": 0.12,
    "interleaved": 0.31,
    "looked": 0.15,
    "looked reading": 0.15,
}
_RECALL_ROWS = replace(SHORT_ROWS, shares=_RECALL_SHORT)
RECALL_LONG_ROWS = Recipe(rows=6, n=2048, shares=_RECALL_LONG)
RECALL_READ = Recipe(rows=4, n=2048 + NEAR, shares={"distant reading": 1.0}, far=2048)
RECALL_READ_FAR = Recipe(rows=2, n=7168 + NEAR, shares={"distant reading": 1.0}, far=7168)

_RECALL = replace(
    READING,
    until=540,
    decay=1800,
    batches=(
        *2 * (RECALL_READ, _RECALL_ROWS, READ_ROWS, RECALL_READ, _RECALL_ROWS),
        RECALL_LONG_ROWS,
        RECALL_READ_FAR,
        far(14336),
        RECALL_LONG_ROWS,
    ),
    weights=Weights(prose=0.3, answer=5.0, repeat=1.0, question=0.3),
    ratios=(2, 4, 4, 4, 8, 8, 8, 16, 16, 32),
    plain_share=0.08,
    data_seed=41,
    seed=37,
)
_RECALL_MORE = replace(
    _RECALL,
    until=1150,
    decay=1150,
    batches=(
        *2 * (RECALL_READ, _RECALL_ROWS, RECALL_READ),
        READ_ROWS,
        RECALL_LONG_ROWS,
        RECALL_READ_FAR,
        _RECALL_ROWS,
        RECALL_READ,
        far(14336),
    ),
    ratios=(2, 4, 4, 8, 8, 8, 8, 16, 16, 32),
)

RECALL = (_RECALL, _RECALL_MORE)
"""Passages read again behind memories as long as a report's, facts told and asked in many more
ways, and questions that are predicted too, for a little of an answer's weight: what a question can
ask shows what a memory must hold. Its second phase has more of the passages, more of them at ratio
8, and lets the learning rate fall to its end."""
