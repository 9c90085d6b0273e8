"""Which of several passages a question is about: the model reads each of them raw, by itself.

    passage 1  question?      how likely are the question's words after it?
    passage 2  question?
    passage 3  question?

Beacons say where to look, and at high ratios not surely; raw words leave less doubt. A passage
that tells of what is asked makes the question's words likely, since it holds the same names. The
passages are read side by side, in one pass (`beacon.likelihood`). Knows likelihoods and shares.

TRUST and DOUBT were chosen on facts planted in texts of training: docs/evidence.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CANDIDATES = 24
"""How many passages are looked for, to be checked."""

LONGEST = 128
"""The most tokens of a passage that is checked: a few sentences, however long a window is."""

TRUST = 5.0
"""How much attention counts beside reading: the exponent of a passage's share of it."""

DOUBT = 8.0
"""Natural logarithms: what is less likely than the best by more than this is left out."""

_LEAST = 1e-9


def likely(told: Sequence[float], shares: Sequence[float], most: int) -> list[int]:
    """Places of the passages most likely asked about, best first: `most` at most, none far behind.

    `told` are the log-probabilities of the question after each passage; `shares`, of the question's
    attention, say how likely each was before it was read.
    """
    scores = [
        one + TRUST * math.log(max(share, _LEAST)) for one, share in zip(told, shares, strict=True)
    ]
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[:most]
    return [place for place in order if scores[place] >= scores[order[0]] - DOUBT]
