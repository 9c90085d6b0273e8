"""A run of prose and questions made of its own sentences, beside all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_several import RETOLD

VARIED = Recipe(rows=24, n=512, shares={"varied": 1.0}, plain=True)
ASKED = tuple(
    Recipe(rows=rows, n=n, shares={"clozed": 1.0}, plain=True)
    for rows, n in ((56, 208), (36, 320), (24, 512))
)
ASKED_CONDENSED = Recipe(rows=12, n=1024, shares={"clozed": 0.7, "varied": 0.3})


def _beside(others: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """Before each of the others prose and questions made of it, now and then condensed too."""
    made: list[Recipe] = []
    for place, other in enumerate(others):
        made += [VARIED, ASKED[place % len(ASKED)], other]
        if place % 6 == 2:
            made.append(ASKED_CONDENSED)
    return tuple(made)


CLOZED = (
    replace(
        RETOLD[-1],
        until=2150,
        decay=2150,
        batches=_beside(RETOLD[-1].batches),
        learning_rate=8e-4,
        attention_scale=0.4,
        data_seed=151,
        seed=151,
    ),
)
"""People's questions had all been asked several times over, and more steps on them answered unseen
ones no better. Prose had taught tales more than questions about tales did; and of any sentence a
question can be made, however clumsy, so that none need come twice."""

CLOZED_KEPT = 0.7
"""How much is kept of what the run changed: unseen questions are answered best with that."""
