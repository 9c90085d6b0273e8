"""Two runs: people's questions by themselves beside all else, then prose read far on.

The first has three phases, since its batches and its length were changed as it went. Knows numbers;
the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_asking import READ_ROWS, RECALL_READ, RECALL_READ_FAR, far
from beacon_qa.training.runs_echo import ECHO_ALONE
from beacon_qa.training.runs_worded import LONG_ROWS, ROWS, WORDED

_ALONE = Recipe(rows=128, n=128, shares={"alone": 1.0}, plain=True)
_ALONE_WIDE = Recipe(rows=80, n=208, shares={"alone": 1.0}, plain=True)
_ECHO_BEACONS = replace(ECHO_ALONE, base=False)
FACTS = Recipe(
    rows=24,
    n=512,
    shares={"planted": 0.35, "dense": 0.35, "looked": 0.15, "looked reading": 0.15},
)


def _round(echo: Recipe) -> tuple[Recipe, ...]:
    return (
        _ALONE,
        ROWS,
        echo,
        RECALL_READ,
        _ALONE_WIDE,
        FACTS,
        READ_ROWS,
        echo,
        _ALONE,
        LONG_ROWS,
        ROWS,
        _ALONE_WIDE,
    )


_FIRST = (*_round(_ECHO_BEACONS), _ECHO_BEACONS, FACTS)
_THEN = (*_round(ECHO_ALONE), FACTS, _ALONE_WIDE)

_ASKING = replace(
    WORDED[0],
    until=269,
    decay=1750,
    batches=(*_FIRST, RECALL_READ_FAR, *_FIRST, far(14336)),
    warmup=20,
    data_seed=73,
    seed=71,
)

_ASKING_ON = replace(
    _ASKING,
    until=586,
    decay=1500,
    batches=(*_THEN, _ALONE, *_THEN, RECALL_READ_FAR, *_THEN, _ALONE, *_THEN, far(14336)),
)

ASKING = (_ASKING, _ASKING_ON, replace(_ASKING_ON, until=1390, decay=1390))
"""Reading was the weak part: of passages that hold the answer to a person's question, four in five
were answered wrongly. In its first phase the beacons alone learnt to tell windows again, every
fifth batch, while the base that they copy for moved on: they lost more than they learnt. From the
second on both learn it, in every seventh batch. The third lets the learning rate fall sooner."""

ASKING_KEPT = 0.7
"""How much is kept of what the run changed: passages are read again as well or better, at ratio 8
in one of two draws much better, for 0.02 nats of prose."""

PROSE_FAR = Recipe(rows=2, n=14848, shares={"prose": 1.0}, far=13824)
ASKED_FAR = replace(
    far(14336), shares={"distant": 0.30, "distant looked": 0.35, "distant reading": 0.35}
)

PROSE = (
    replace(
        _ASKING,
        until=90,
        decay=90,
        batches=(PROSE_FAR, _ALONE, PROSE_FAR, ASKED_FAR, PROSE_FAR, ROWS),
        weights=replace(_ASKING.weights, prose=1.0),
        ratios=(4, 8, 8, 8, 16, 32),
        plain_share=0.1,
        learning_rate=3e-4,
        attention_scale=1.0,
        warmup=5,
        data_seed=79,
        seed=73,
    ),
)
"""Prose behind 108 windows, read without gradients: long memories had been asked about and hardly
ever read on from, and the more keys a text left, the more it cost to predict the next."""

PROSE_KEPT = 0.5
"""How much is kept of that: all of it recalls fewer facts from memory."""
