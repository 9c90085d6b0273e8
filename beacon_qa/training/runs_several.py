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


def _rounds(kind: str) -> tuple[Recipe, ...]:
    """Rounds of twenty batches, half of them of this kind, one now this, now that."""
    one_or_two = Recipe(rows=112, n=128, shares={kind: 1.0}, plain=True)
    some = Recipe(rows=72, n=208, shares={kind: 1.0}, plain=True)
    several = Recipe(rows=60, n=256, shares={kind: 1.0}, plain=True)
    first = (several, one_or_two, ROWS, some, ECHO_ALONE, several, RECALL_READ, one_or_two)
    then = (FACTS, several, READ_ROWS, some, ECHO_ALONE, several, LONG_ROWS, one_or_two)
    last = (FACTS, several)
    rare = 2 * (ROWS, PROSE_FAR, RECALL_READ, far(14336))
    rare = (*rare[:-1], ASKED_FAR)
    return tuple(batch for one in rare for batch in (*first, *then, *last, one, some))


_SEVERAL = replace(
    ASKING[-1],
    until=355,
    decay=1800,
    batches=_rounds("several"),
    warmup=20,
    data_seed=101,
    seed=103,
)

SEVERAL = (
    _SEVERAL,
    replace(_SEVERAL, until=1250, decay=1250, batches=_rounds("several told")),
)
"""How much is read well depends on how many questions were seen: people's had been asked about once
each so far. A passage with several takes half the tokens a question. In the first phase a part of
the passages did not tell what was asked, and the model said so of one in five that did; in the
second hardly any do not. It also lets the learning rate fall sooner."""

SEVERAL_KEPT = 0.7
"""How much is kept of what the run changed: read as well, and the model says half as often that a
passage is silent which is not."""
