"""A run of as much prose condensed as plain, beside all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_clozed import ASKED, ASKED_CONDENSED, CLOZED, VARIED, beside
from beacon_qa.training.runs_echo import ECHO_ALONE
from beacon_qa.training.runs_reading import PROSE_FAR
from beacon_qa.training.runs_several import RETOLD

_CONDENSED = Recipe(rows=12, n=1024, shares=VARIED.shares)
_FAR = replace(PROSE_FAR, shares=VARIED.shares)


def before(place: int) -> tuple[Recipe, ...]:
    """Prose condensed, and plain prose or questions made of it."""
    plain = ASKED[place // 2 % len(ASKED)] if place % 2 else VARIED
    return _CONDENSED, plain


RARE = ((4, 1, ECHO_ALONE), (4, 3, ASKED_CONDENSED), (8, 6, _FAR))
"""Windows told again, made questions condensed, prose far on: behind which of the others."""

CONDENSED = (
    replace(
        CLOZED[-1],
        until=2120,
        decay=2120,
        batches=beside(RETOLD[-1].batches, before, *RARE),
        ratios=(2, 2, 4, 4, 4, 8, 8, 8, 16, 16, 32),
        plain_share=0.05,
        attention_scale=0.5,
        data_seed=181,
        seed=181,
    ),
)
"""The run before had taught the base prose, nearly all of it plain, and the beacons had not
followed: less of what a text tells about what comes next survived condensing than before it."""

CONDENSED_KEPT = 0.8
"""How much is kept of what the run changed: all of it predicts prose a little better still, and
reads tales less well when it looks back."""
