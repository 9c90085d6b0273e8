"""Questions made of sentences by rule: a name, number or phrase is taken out and asked for.

    The bridge was built in 1890 by John Roe.  ->  Who was the bridge built in 1890 by?  John Roe

People's questions are few, sentences are many. Such questions are clumsy, and what they teach is
not their wording: to find the words of a question in a passage and to take from beside them what
its question word asks for (Lewis, Denoyer and Riedel, 2019, arXiv 1906.04980, learn to answer
people's questions from such ones alone). Knows English words; knows no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np


class Asked(NamedTuple):
    """A question and its answer, in words that stand in the text."""

    question: str
    answer: str


_SENTENCE = re.compile(r"[^.!?\n]+(?:\.\d[^.!?\n]*)*[.!?]")
_WORD = re.compile(r"[^\s,;:()\[\]\"“”—_]+|[,;:()\[\]\"“”—_]")
_CLAUSE_ENDS = frozenset(',;:()[]"“”—_')
# What can be asked for, in the order in which it is looked for.
_YEAR = re.compile(r"1\d{3}|20\d\d")
_NUMBER = re.compile(
    r"\d[\d.,]*%?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|"
    r"fifty|sixty|hundred|thousand|million|dozen"
)
_NAME = re.compile(r"[A-Z][\w.'’-]*[a-z\d][\w'’-]*|[A-Z]{2,}")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_AUXILIARY = _set(
    "is are was were has have had can could will would shall should may might must did does"
)
_ARTICLES = _set("the a an his her its their my your our this that")
_SMALL = _set(
    "of in on at by for to from with into upon about over under through and or but nor as than if "
    "when while where who whom whose which that there here he she it they we i you him them me us "
    "not no so be been being do done said then now very more most such some any all"
)
_CLOSED = _AUXILIARY | _ARTICLES | _SMALL
_PLACE_BEFORE = _set("in at from near to into through")
_TITLES = _set("Mr Mrs Dr Miss Sir Lady Lord Captain King Queen Prince Uncle Aunt")

_LEAST = 3
"""Words around what is asked for, closed ones aside, without which nothing would be asked."""

_MOST = 9
"""Words of the question from each side of it."""

_PHRASE = 5
"""Words of a phrase that an article begins."""


def questions(text: str, rng: np.random.Generator) -> Iterator[Asked]:
    """Questions about the sentences of a text in any order, one a sentence at most."""
    sentences = [one.group().strip() for one in _SENTENCE.finditer(text)]
    for number in rng.permutation(len(sentences)):
        asked = _question(sentences[number], rng)
        if asked is not None:
            yield asked


def _question(sentence: str, rng: np.random.Generator) -> Asked | None:
    words = _WORD.findall(sentence.rstrip(".!?"))
    if not (spans := _spans(words)):
        return None
    first, end, kind = spans[int(rng.integers(len(spans)))]
    before, after = _around(words, first, end)
    if sum(_open(word) for word in (*before, *after)) < _LEAST:
        return None
    asked = _worded(before, after, kind, rng)
    return Asked(asked, " ".join(words[first:end]).strip("'’-"))


def _spans(words: Sequence[str]) -> list[tuple[int, int, str]]:
    """What can be asked for: places [first, end) of words, and of what kind each is."""
    found, place = [], 0
    while place < len(words):
        word, end = words[place], place + 1
        if _YEAR.fullmatch(word):
            found.append((place, end, "year"))
        elif _NUMBER.fullmatch(word):
            found.append((place, end, "number"))
        elif _NAME.fullmatch(word) and _open(word):
            while end < len(words) and _NAME.fullmatch(words[end]):
                end += 1
            # The first word of a sentence may be no name.
            if place or end > 1:
                found.append((place, end, "name"))
        elif word.lower() in _ARTICLES:
            while end < len(words) and end - place < _PHRASE and _open(words[end]):
                end += 1
            if end > place + 1:
                found.append((place, end, "thing"))
        place = end
    return found


def _open(word: str) -> bool:
    """Whether a word says something by itself, and can go on a phrase that an article began."""
    return word not in _CLAUSE_ENDS and word.lower() not in _CLOSED


def _around(words: Sequence[str], first: int, end: int) -> tuple[list[str], list[str]]:
    """The words of the same clause before and after what is asked for."""
    start = first
    while start > 0 and first - start < _MOST and words[start - 1] not in _CLAUSE_ENDS:
        start -= 1
    stop = end
    while stop < len(words) and stop - end < _MOST and words[stop] not in _CLAUSE_ENDS:
        stop += 1
    return list(words[start:first]), list(words[end:stop])


def _worded(before: list[str], after: list[str], kind: str, rng: np.random.Generator) -> str:
    if before and not _open(before[0]) and before[0] != "I":
        before = [before[0].lower(), *before[1:]]
    asks, before = _asking(before, kind, rng)
    if len(before) + len(after) > _LEAST + 1 and after and rng.random() < 0.4 and before:
        after = after[: int(rng.integers(len(after)))]
    places = [n for n, word in enumerate(before) if word.lower() in _AUXILIARY]
    if places:
        asks += [before.pop(places[-1])]
    elif before and rng.random() < 0.7:
        asks += ["did"]
    kept = [word for word in (*before, *after) if _open(word) or rng.random() < 0.88]
    asked = " ".join([*asks, *kept])
    return asked[0].upper() + asked[1:] + "?"


def _asking(before: list[str], kind: str, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """The question word, and what stands before the answer without what it takes the place of."""
    last = before[-1].lower() if before else ""
    if kind == "year":
        if last == "in":
            before = before[:-1]
        return [["when"], ["what", "year"], ["in", "what", "year"]][int(rng.integers(3))], before
    if kind == "number":
        return ["how", "many"], before
    if kind == "name":
        if last in _PLACE_BEFORE and rng.random() < 0.6:
            return ["where"], before[:-1]
        if before and before[-1] in _TITLES:
            return ["who"], before[:-1]
        return [["who"], ["what"], ["which"]][int(rng.choice(3, p=(0.55, 0.35, 0.1)))], before
    if last in _PLACE_BEFORE and rng.random() < 0.3:
        return ["where"], before[:-1]
    return [["what"], ["who"]][int(rng.random() < 0.15)], before
