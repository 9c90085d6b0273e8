"""A question typed in haste, written as the sentence that it is.

    who built the tower        Who built the tower?

Knows how questions begin in English; knows nothing of models.
"""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"((in|on|at|to|for|from|by|of|with|about|under) )?"
    r"(who|whom|whose|what|when|where|which|why|how)\b"
    r"|(is|are|was|were|do|does|did|can|could|has|have|had|would|should)\b",
    re.IGNORECASE,
)
"""How a question begins. "Will" is left out: it is a name as often."""


def as_sentence(text: str) -> str:
    """A question of one line with a capital letter and a question mark; other text as it is.

    Names are left as they were typed: what is one cannot be told without knowing the text.
    """
    bare = text.strip()
    if not _ASKS.match(bare) or "\n" in bare:
        return text
    ended = bare if bare[-1] in ".?!" else f"{bare}?"
    return ended[0].upper() + ended[1:]
