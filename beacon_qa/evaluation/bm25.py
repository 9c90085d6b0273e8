"""BM25 over stretches of a text: the search by words that attention is compared with.

Knows words and stretches; knows nothing of models.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"\w+")
_K1, _B = 1.5, 0.75


def words(text: str) -> list[str]:
    """The words that are compared."""
    return _WORD.findall(text.casefold())


def ranked(stretches: Sequence[str], question: str) -> list[int]:
    """Indices of the stretches, the one that fits the question best first (Robertson, 1994)."""
    counts = [Counter(words(stretch)) for stretch in stretches]
    lengths = [count.total() for count in counts]
    mean = sum(lengths) / max(1, len(lengths)) or 1.0
    scores = [0.0] * len(stretches)
    for word in set(words(question)):
        holding = sum(word in count for count in counts)
        rarity = math.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
        for place, count in enumerate(counts):
            often = count[word]
            weight = _K1 * (1 - _B + _B * lengths[place] / mean)
            scores[place] += rarity * often * (_K1 + 1) / (often + weight)
    return sorted(range(len(stretches)), key=lambda place: -scores[place])
