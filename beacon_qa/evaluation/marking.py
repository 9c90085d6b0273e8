"""How an answer is marked against the answers that count.

    named      the wanted words stand in the answer, whole
    exact      the answer is the wanted one, but for case, punctuation and articles (SQuAD)
    f1         the harmonic mean of precision and recall over words (SQuAD)
    rouge_l    the same over the longest common subsequence of words (Lin, 2004)

Knows strings; knows nothing of models or texts. Of several wanted answers the best mark counts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = frozenset(("a", "an", "the"))
_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’—–…")
_WORD = re.compile(r"\w+")
_SILENT = re.compile(
    r"\b(does|do|did) not (say|state|mention|tell|provide|specify)|\bnot (stated|mentioned|given|"
    r"specified|provided)\b|\bno (answer|information|mention)\b|\bunanswerable\b|"
    r"\bcannot be answered\b",
    re.IGNORECASE,
)


def best(mark: Callable[[str, str], float], answer: str, wanted: Sequence[str]) -> float:
    """The best mark against any of the wanted answers; 0 where there is none."""
    return max((float(mark(answer, one)) for one in wanted), default=0.0)


def named(answer: str, wanted: str) -> bool:
    """Whether the answer names the value, as words of their own; letter case does not count."""
    found = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", answer, re.IGNORECASE)
    return found is not None


def exact(answer: str, wanted: str) -> bool:
    """Whether the answer is the wanted one, by the words that SQuAD compares."""
    return compared(answer) == compared(wanted)


def f1(answer: str, wanted: str) -> float:
    """The overlap of the words that SQuAD compares; from 0 to 1, and 1 where both have none."""
    said, right = compared(answer), compared(wanted)
    if not said or not right:
        return float(said == right)
    return _harmonic((Counter(said) & Counter(right)).total(), len(said), len(right))


def rouge_l(answer: str, wanted: str) -> float:
    """The longest common subsequence of words, as F1; neither stemmed nor split into sentences."""
    said, right = (_WORD.findall(text.casefold()) for text in (answer, wanted))
    return _harmonic(_common(said, right), len(said), len(right))


def silent(answer: str) -> bool:
    """Whether the answer says that the text does not tell."""
    return not answer.strip() or _SILENT.search(answer) is not None


def compared(text: str) -> list[str]:
    """The words of an answer without case, punctuation and articles."""
    plain = text.casefold().translate(_PUNCTUATION)
    return [word for word in plain.split() if word not in _ARTICLES]


def _harmonic(common: int, said: int, right: int) -> float:
    return 2 * common / (said + right) if common else 0.0


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0  # the row above, one place to the left
        for place, other in enumerate(right, start=1):
            above = row[place]
            row[place] = before + 1 if word == other else max(above, row[place - 1])
            before = above
    return row[-1]
