"""The run in which what was condensed is told again, word for word, with its figures.

Four phases, since the share of such samples was changed as the run went. Knows numbers; the making
of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.drafts import Weights
from beacon_qa.training.runs_asking import (
    READ_ROWS,
    RECALL,
    RECALL_LONG_ROWS,
    RECALL_READ,
    RECALL_READ_FAR,
    SHORT_ROWS,
    far,
)

_ECHO_HALF = Recipe(rows=24, n=512, shares={"echo": 0.5, "planted": 0.25, "dense": 0.25})
_ECHO_ROWS = replace(
    SHORT_ROWS,
    shares={
        "prose": 0.05,
        "echo": 0.15,
        "planted": 0.25,
        "dense": 0.30,
        "records": 0.05,
        "reading": 0.10,
        "looked": 0.10,
    },
)
_ECHO_LONG = replace(
    RECALL_LONG_ROWS,
    shares={
        "echo": 0.10,
        "planted": 0.20,
        "dense": 0.10,
        "interleaved": 0.30,
        "looked": 0.15,
        "looked reading": 0.15,
    },
)

_ECHO = replace(
    RECALL[0],
    until=215,
    decay=1900,
    batches=(
        *3 * (_ECHO_HALF, _ECHO_ROWS),
        RECALL_READ,
        READ_ROWS,
        _ECHO_LONG,
        RECALL_READ_FAR,
        RECALL_READ,
        far(14336),
    ),
    weights=Weights(prose=0.3, answer=5.0, repeat=0.5, question=0.3),
    ratios=(2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 32),
    learning_rate=8e-4,
    attention_scale=0.4,
    data_seed=53,
    seed=47,
)

ECHO_ALONE = Recipe(rows=24, n=512, shares={"echo": 1.0})
ECHO_FACTS = Recipe(rows=24, n=512, shares={"planted": 0.5, "dense": 0.5})
_OTHERS = (
    RECALL_READ,
    ECHO_FACTS,
    _ECHO_LONG,
    _ECHO_ROWS,
    RECALL_READ_FAR,
    READ_ROWS,
    far(14336),
)


def every_other(*others: Recipe) -> tuple[Recipe, ...]:
    """Batches that tell windows again and nothing else, before each of the others."""
    return tuple(batch for other in others for batch in (ECHO_ALONE, other))


_ECHO_MORE = replace(
    _ECHO,
    until=420,
    decay=1400,
    batches=every_other(ECHO_FACTS, _ECHO_ROWS, READ_ROWS, *_OTHERS),
)
_ECHO_LAST = replace(
    _ECHO_MORE,
    until=701,
    decay=1130,
    batches=every_other(ECHO_FACTS, READ_ROWS, ECHO_FACTS, *_OTHERS),
)

_ECHO_FACTS_LOOKED = replace(ECHO_FACTS, shares={"planted": 0.4, "dense": 0.35, "looked": 0.25})
_ECHO_SOME = (
    ECHO_ALONE,
    _ECHO_FACTS_LOOKED,
    RECALL_READ,
    READ_ROWS,
    ECHO_ALONE,
    _ECHO_FACTS_LOOKED,
    _ECHO_ROWS,
    RECALL_READ,
    ECHO_ALONE,
    _ECHO_LONG,
    RECALL_READ_FAR,
    _ECHO_FACTS_LOOKED,
)
_ECHO_END = replace(
    _ECHO_LAST, until=1050, decay=1050, batches=(*_ECHO_SOME, *_ECHO_SOME, far(14336))
)

ECHO_KEPT = 0.2
"""How much is kept of what the run changed: after it more is recalled, passages are read less well
and long texts cost more perplexity; a fifth of the way most of the first is there, and little of
the others."""

ECHO = (_ECHO, _ECHO_MORE, _ECHO_LAST, _ECHO_END)
"""To give back what was condensed, word for word, while all else is gone on with. Mixed into
batches of other samples it was learnt slowly; from its second phase on every other batch is of
nothing else, and in its last, in which the learning rate falls to its end, every fourth. Up to the
third the pieces were of 10 to 48 tokens, and of no facts."""
