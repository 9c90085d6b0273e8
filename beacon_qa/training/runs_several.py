"""A run in which half of all batches are passages with several questions about each.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_asking import READ_ROWS, RECALL_READ, far
from beacon_qa.training.runs_echo import ECHO_ALONE
from beacon_qa.training.runs_reading import ASKED_FAR, ASKING, FACTS, PROSE_FAR
from beacon_qa.training.runs_worded import LONG_ROWS, ROWS

_ONE_OR_TWO = Recipe(rows=112, n=128, shares={"several": 1.0}, plain=True)
_SOME = Recipe(rows=72, n=208, shares={"several": 1.0}, plain=True)
_SEVERAL = Recipe(rows=60, n=256, shares={"several": 1.0}, plain=True)


def _round(rare: Recipe) -> tuple[Recipe, ...]:
    """Twenty batches, one of them now this, now that."""
    return (
        _SEVERAL,
        _ONE_OR_TWO,
        ROWS,
        _SOME,
        ECHO_ALONE,
        _SEVERAL,
        RECALL_READ,
        _ONE_OR_TWO,
        FACTS,
        _SEVERAL,
        READ_ROWS,
        _SOME,
        ECHO_ALONE,
        _SEVERAL,
        LONG_ROWS,
        _ONE_OR_TWO,
        FACTS,
        _SEVERAL,
        rare,
        _SOME,
    )


_RARE = (
    *(ROWS, PROSE_FAR, RECALL_READ, far(14336)),
    *(ROWS, PROSE_FAR, RECALL_READ, ASKED_FAR),
)

SEVERAL = (
    replace(
        ASKING[-1],
        until=1800,
        decay=1800,
        batches=tuple(batch for rare in _RARE for batch in _round(rare)),
        warmup=20,
        data_seed=101,
        seed=103,
    ),
)
"""How much is read well depends on how many questions were seen: people's had been asked about once
each so far. A passage with several takes half the tokens a question."""
