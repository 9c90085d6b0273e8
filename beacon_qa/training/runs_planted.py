"""A run of planted facts in every fourth batch, beside all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_asking import far
from beacon_qa.training.runs_clozed import beside
from beacon_qa.training.runs_condensed import CONDENSED, RARE, before
from beacon_qa.training.runs_echo import ECHO_FACTS
from beacon_qa.training.runs_reading import FACTS
from beacon_qa.training.runs_several import RETOLD
from beacon_qa.training.runs_worded import LONG_ROWS

_BEHIND = replace(far(2048), rows=4)
"""Facts told in 16 windows, read without gradients, and asked in the 16 after them."""

_PLANTED = (FACTS, _BEHIND, ECHO_FACTS, FACTS, LONG_ROWS, _BEHIND)


def _before(place: int) -> tuple[Recipe, ...]:
    """What stood there in the run before, and planted facts."""
    return *before(place), _PLANTED[place % len(_PLANTED)]


_LONGER = replace(
    CONDENSED[-1],
    until=285,
    decay=2100,
    batches=beside(RETOLD[-1].batches, _before, *RARE),
    data_seed=191,
    seed=191,
)

PLANTED = (
    _LONGER,
    replace(_LONGER, until=743, decay=1900),
    replace(_LONGER, until=967, decay=1600),
    replace(_LONGER, until=1400, decay=1400),
)
"""The run before had one batch of facts in seventeen, and lost some of what had been learnt of
them: of facts told in wordings of training fewer were found, in the window too. The other phases
let the learning rate fall ever sooner: the machine slowed."""

PLANTED_KEPT = 0.7
"""How much is kept of what the run changed: held-out prose and questions are best with that."""
