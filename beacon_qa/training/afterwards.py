"""The runs that go on from the first one and its sharpening, in their order.

Knows which there are; their figures are in the rooms beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beacon_qa.training.recipe import Phase
from beacon_qa.training.runs_asking import DISTANCE, LOOKING, READING, RECALL, WIDENING
from beacon_qa.training.runs_clozed import CLOZED, CLOZED_KEPT
from beacon_qa.training.runs_condensed import CONDENSED, CONDENSED_KEPT
from beacon_qa.training.runs_echo import ECHO, ECHO_KEPT
from beacon_qa.training.runs_planted import PLANTED, PLANTED_KEPT
from beacon_qa.training.runs_reading import ASKING, ASKING_KEPT, PROSE, PROSE_KEPT
from beacon_qa.training.runs_several import RETOLD, RETOLD_KEPT, SEVERAL, SEVERAL_KEPT
from beacon_qa.training.runs_wide import WIDE
from beacon_qa.training.runs_worded import BEACONS, BEACONS_KEPT, WORDED, WORDED_KEPT


@dataclass(frozen=True)
class Kept:
    """After one run a `share` is kept of all that changed `since` another began (`blending`)."""

    after: str
    since: str
    share: float


AFTERWARDS: Mapping[str, tuple[Phase, ...]] = {
    "looking": (LOOKING,),
    "widening": WIDENING,
    "reading": (READING,),
    "distance": DISTANCE,
    "recall": RECALL,
    "echo": ECHO,
    "worded": WORDED,
    "beacons": BEACONS,
    "asking": ASKING,
    "prose": PROSE,
    "several": SEVERAL,
    "retold": RETOLD,
    "clozed": CLOZED,
    "condensed": CONDENSED,
    "planted": PLANTED,
    "wide": WIDE,
}
"""The runs in their order, and the folder each is kept in."""

GROWN = "wide"
"""The run before which the model is made larger (`growing`)."""

KEPT = (
    Kept("echo", "echo", ECHO_KEPT),
    Kept("beacons", "beacons", BEACONS_KEPT),
    Kept("beacons", "worded", WORDED_KEPT),
    Kept("asking", "asking", ASKING_KEPT),
    Kept("prose", "prose", PROSE_KEPT),
    Kept("several", "several", SEVERAL_KEPT),
    Kept("retold", "retold", RETOLD_KEPT),
    Kept("clozed", "clozed", CLOZED_KEPT),
    Kept("condensed", "condensed", CONDENSED_KEPT),
    Kept("planted", "planted", PLANTED_KEPT),
)
"""Of which runs only a part is kept, one after the other."""
