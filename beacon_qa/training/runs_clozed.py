"""A run of prose and questions made of its own sentences, beside all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_several import RETOLD

VARIED = Recipe(rows=24, n=512, shares={"varied": 1.0}, plain=True)
ASKED = tuple(
    Recipe(rows=rows, n=n, shares={"clozed": 1.0}, plain=True)
    for rows, n in ((56, 208), (36, 320), (24, 512))
)
ASKED_CONDENSED = Recipe(rows=12, n=1024, shares={"clozed": 0.7, "varied": 0.3})


def beside(
    others: Sequence[Recipe],
    before: Callable[[int], Sequence[Recipe]],
    *rare: tuple[int, int, Recipe],
) -> tuple[Recipe, ...]:
    """Each of the others with some `before` it, which its place says, and `rare` ones behind it.

    (6, 2, recipe) stands behind the others at the places 2, 8, 14 ...
    """
    made: list[Recipe] = []
    for place, other in enumerate(others):
        made += [*before(place), other]
        made += [recipe for every, at, recipe in rare if place % every == at]
    return tuple(made)


def _before(place: int) -> tuple[Recipe, ...]:
    """Prose, and questions made of it."""
    return VARIED, ASKED[place % len(ASKED)]


CLOZED = (
    replace(
        RETOLD[-1],
        until=2150,
        decay=2150,
        batches=beside(RETOLD[-1].batches, _before, (6, 2, ASKED_CONDENSED)),
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
