"""A question typed as people type, written as the plain sentence that it is.

    who built the tower                         Who built the tower?
    can you tell me what the tower was for      What was the tower for?

Knows how questions begin in English; knows nothing of models.
"""

from __future__ import annotations

import re

_WORD = r"(?:who|whom|whose|what|when|where|which|why|how)\b"
_WITH = r"(?:(?:in|on|at|to|for|from|by|of|with|about|under) )?"

_ASKS = re.compile(
    rf"{_WITH}{_WORD}"
    r"|(?:is|are|was|were|do|does|did|can|could|has|have|had|would|should)\b",
    re.IGNORECASE,
)
"""How a question begins. "Will" is left out: it is a name as often."""

_POLITELY = re.compile(
    r"(?:please,? |(?:so|and|hi|hello|ok|okay),? )*"
    r"(?:(?:(?:can|could|will|would) you )?(?:please )?(?:tell|show) (?:me|us)"
    r"|do you know|(?:i|we)(?: want|(?: would|['’]d) like) to know|i wonder|please)"
    rf"(?: please)?[,:]? (?={_WITH}{_WORD})",
    re.IGNORECASE,
)
"""What stands before a question and is not asked."""

_IS = r"(?:is|are|was|were|did|does|has|have|had|can|could|would|should)"
_INDIRECT = re.compile(
    rf"(?P<word>{_WITH}{_WORD}(?<!whose)(?<!which)) "
    r"(?P<what>(?:(?i:the|a|an|his|her|its|our|their|my|this|these|those|he|she|it|they|we|i)\b"
    r"|[A-Z])(?:(?! (?i:that|which|who|whom|whose)\b).)*?) "
    rf"(?P<is>{_IS})\b(?P<rest>.*)"
)
"""A question in the order of a statement, as it stands behind "tell me": of an article, a pronoun
or a name, which a capital tells, and of nothing with a clause of its own."""


def as_sentence(text: str) -> str:
    """A question of one line with a capital letter and a question mark; other text as it is.

    "Tell me" and the like are left out, with the order of words that follows them. Names are left
    as they were typed: what is one cannot be told without knowing the text.
    """
    bare = text.strip()
    if "\n" in bare:
        return text
    if polite := _POLITELY.match(bare):
        bare = _direct(bare[polite.end() :])
    if not _ASKS.match(bare):
        return text
    ended = bare if bare[-1] in ".?!" else f"{bare}?"
    return ended[0].upper() + ended[1:]


def _direct(asked: str) -> str:
    """A question behind "tell me" in the order of one that stands by itself."""
    asked = asked.rstrip(" .?!")
    found = _INDIRECT.fullmatch(asked)
    if found is None:
        return asked
    return f"{found['word']} {found['is']} {found['what']}{found['rest']}"
