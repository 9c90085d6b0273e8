"""Runs of passages with several questions about each, in half of all batches.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_asking import READ_ROWS, RECALL_READ, far
from beacon_qa.training.runs_echo import ECHO_ALONE
from beacon_qa.training.runs_reading import ASKED_FAR, ASKING, FACTS, PROSE_FAR
from beacon_qa.training.runs_worded import LONG_ROWS, ROWS

_Sizes = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""How many samples of how many tokens short, middling and long batches have."""


def _rounds(kind: str, sizes: _Sizes) -> tuple[Recipe, ...]:
    """Rounds of twenty batches, half of them of this kind, one now this, now that."""
    short, middle, long = (
        Recipe(rows=rows, n=n, shares={kind: 1.0}, plain=True) for rows, n in sizes
    )
    first = (long, short, ROWS, middle, ECHO_ALONE, long, RECALL_READ, short)
    then = (FACTS, long, READ_ROWS, middle, ECHO_ALONE, long, LONG_ROWS, short)
    rare = 2 * (ROWS, PROSE_FAR, RECALL_READ, far(14336))
    rare = (*rare[:-1], ASKED_FAR)
    return tuple(batch for one in rare for batch in (*first, *then, FACTS, long, one, middle))


_SIZES = (112, 128), (72, 208), (60, 256)

_SEVERAL = replace(
    ASKING[-1],
    until=355,
    decay=1800,
    batches=_rounds("several", _SIZES),
    warmup=20,
    data_seed=101,
    seed=103,
)

SEVERAL = (
    _SEVERAL,
    replace(_SEVERAL, until=1250, decay=1250, batches=_rounds("several told", _SIZES)),
)
"""How much is read well depends on how many questions were seen: people's had been asked about once
each so far. A passage with several takes half the tokens a question. In the first phase a part of
the passages did not tell what was asked, and the model said so of one in five that did; in the
second hardly any do not. It also lets the learning rate fall sooner."""

SEVERAL_KEPT = 0.7
"""How much is kept of what the run changed: read as well, and the model says half as often that a
passage is silent which is not."""

_RETOLD = replace(
    _SEVERAL,
    until=315,
    decay=1400,
    batches=_rounds("several retold", (*_SIZES[:2], (48, 320))),
    tales=0.45,
    data_seed=131,
    seed=137,
)

RETOLD = (
    _RETOLD,
    replace(
        _RETOLD,
        until=2000,
        decay=2000,
        batches=_rounds("several retold", ((96, 160), (64, 240), (45, 336))),
    ),
)
"""Seven in ten questions about tales are answered in other words than the text's, and half of all
sections have no room in a sample: such questions had hardly been asked. In the second phase samples
are longer, since a passage is read the worse, the longer it is."""

RETOLD_KEPT = 0.5
"""How much is kept of that: of all of it tales are read worse that were never seen."""
