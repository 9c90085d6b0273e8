"""The sentences that say most of a text, in its order: what a summary is made of without writing.

    | stretch 1      | stretch 2      | stretch 3      |      of each stretch the sentence with most
    |   sentence     |      sentence  | sentence       |      of the words that the text is about

A word counts that the text repeats and most of its sentences do without; a name counts double, and
a word that was chosen before half. Stretches of equal length keep the end of a text from being
left out. Knows text alone: no model, and no list of any language's words but `_LEANING`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_END = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\b[A-Z])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+|"
    r"\n\s*\n|\Z"
)
_WORD = re.compile(r"\w+(?:[’'-]\w+)*")

_LEAST, _MOST = 8, 45
"""Words of a sentence that says something by itself, and of one that is soon read."""

_COMMON = 0.03
"""The share of all sentences with a word that says nothing of what they are about."""

_WRAPPED = 0.75
"""Of the longest line's length: a line that was wrapped has more."""

_NAME, _AGAIN = 2.0, 0.5
_LEANS, _SPOKEN = 0.6, 0.5
"""What is left of the worth of a sentence that leans on the one before it, or that is speech."""

_LEANING = re.compile(
    "and|but|he|her|his|i|it|no|she|so|that|then|there|these|they|this|those|we|well|yes|you"
)
"""Words that a sentence begins with which leans on the one before it, or which is speech."""

_QUOTES = '"“”„«»‘'


@dataclass(frozen=True)
class _Sentence:
    span: tuple[int, int]
    words: tuple[str, ...]
    likely: float

    @property
    def whole(self) -> bool:
        return _LEAST <= len(self.words) <= _MOST and self.likely > 0


def key_sentences(text: str, start: int, end: int, count: int) -> list[tuple[int, int]]:
    """The characters [start, end) of `count` sentences of a part at most, in the text's order."""
    every = list(_sentences(text, start, end))
    weights = _weights(text, every)
    candidates = [sentence for sentence in every if sentence.whole] or every
    chosen: list[tuple[int, int]] = []
    said: set[str] = set()
    for place in range(count):
        low = start + (end - start) * place // count
        high = start + (end - start) * (place + 1) // count
        here = [sentence for sentence in candidates if low <= sentence.span[0] < high]
        if here:
            best = max(here, key=lambda sentence: _worth(sentence, weights, said))
            chosen.append(best.span)
            said.update(best.words)
    return chosen


def _sentences(text: str, start: int, end: int) -> Iterator[_Sentence]:
    begin = start
    for match in _END.finditer(text, start, end):
        piece = text[begin : match.end()]
        first = _past_headings(text, begin + len(piece) - len(piece.lstrip()), match.end())
        begin, last = match.end(), begin + len(piece.rstrip())
        words = tuple(word.casefold() for word in _WORD.findall(text, first, last))
        if words:
            yield _Sentence((first, last), words, _likely(text[first:last], words[0]))


def _past_headings(text: str, first: int, last: int) -> int:
    """Where a sentence begins behind the lines of a heading right above it.

    A line that is much shorter than the longest, while the next one begins with a capital letter,
    ends there by itself: wrapped lines are about as long as one another.
    """
    if first and text[first - 1] != "\n":
        return first
    lines = text[first:last].rstrip().split("\n")
    longest = max(map(len, lines))
    for line, following in pairwise(lines):
        if len(line) > _WRAPPED * longest or not following[:1].isupper():
            break
        first += len(line) + 1
    return first


def _likely(sentence: str, first: str) -> float:
    """How much a sentence is worth by its looks: 0 for a heading or a part of one."""
    if sentence[-1].isalnum() or sentence[0].islower():
        return 0.0
    leans = _LEANS if _LEANING.fullmatch(first) else 1.0
    spoken = any(mark in sentence for mark in _QUOTES) or sentence[-1] in "?!’'"
    return leans * (_SPOKEN if spoken else 1.0)


def _weights(text: str, sentences: list[_Sentence]) -> dict[str, float]:
    """What each word is worth; those that are not here are worth nothing."""
    times = Counter(word for sentence in sentences for word in sentence.words)
    holding = Counter(word for sentence in sentences for word in set(sentence.words))
    # A sentence's own first letter makes no name.
    capital = Counter(
        word.casefold()
        for sentence in sentences
        for word in _WORD.findall(text, sentence.span[0] + 1, sentence.span[1])
        if word[0].isupper()
    )
    weights = {}
    for word, count in times.items():
        name = 2 * capital[word] > count
        if count > 1 and len(word) > 2 and (name or holding[word] <= _COMMON * len(sentences)):
            rare = math.log(len(sentences) / holding[word])
            weights[word] = math.log1p(count) * rare * (_NAME if name else 1.0)
    return weights


def _worth(sentence: _Sentence, weights: dict[str, float], said: set[str]) -> float:
    told = sum(
        weights.get(word, 0.0) * (_AGAIN if word in said else 1.0) for word in set(sentence.words)
    )
    return (told + 1e-9) * sentence.likely / math.sqrt(len(sentence.words))
