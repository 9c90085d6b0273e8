"""Which of several passages a question is about: the model reads each of them raw, by itself.

    passage 1  question?      how likely are the question's words after it?
    passage 2  question?
    passage 3  question?

Beacons say where to look, and at high ratios not surely; raw words leave little doubt. A passage
that tells of what is asked makes the question's words likely, since it holds the same names. The
passages are read side by side, in one pass (`beacon.likelihood`). Knows likelihoods.
"""

from __future__ import annotations

from collections.abc import Sequence

CANDIDATES = 12
"""How many passages are looked for, to be checked."""

DOUBT = 2.0
"""Natural logarithms: what is less likely than the best by more than this is left out."""


def likely(found: Sequence[float], most: int) -> list[int]:
    """Places of the most likely, best first: `most` at most, and none far behind the best."""
    order = sorted(range(len(found)), key=lambda place: -found[place])[:most]
    return [place for place in order if found[place] >= found[order[0]] - DOUBT]
