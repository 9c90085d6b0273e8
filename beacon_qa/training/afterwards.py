"""The runs that go on from the first one and its sharpening, in their order.

Knows which there are; their figures are in the rooms beside.
"""

from __future__ import annotations

from collections.abc import Mapping

from beacon_qa.training.recipe import Phase
from beacon_qa.training.runs_asking import DISTANCE, LOOKING, READING, RECALL, WIDENING
from beacon_qa.training.runs_echo import ECHO, ECHO_KEPT

AFTERWARDS: Mapping[str, tuple[Phase, ...]] = {
    "looking": (LOOKING,),
    "widening": WIDENING,
    "reading": (READING,),
    "distance": DISTANCE,
    "recall": RECALL,
    "echo": ECHO,
}
"""The runs in their order, and the folder each is kept in."""

KEPT: Mapping[str, float] = {"echo": ECHO_KEPT}
"""Of which runs only a part of what they changed is kept: see `blending`."""
