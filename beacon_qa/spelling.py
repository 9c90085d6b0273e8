"""Names in a question typed in small letters, as the text that is asked about writes them.

    who painted the ceiling of the florence cathedral     ... of the Florence Cathedral

Knows a text and a question; knows nothing of models.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

_WORD = re.compile(r"(?<![’'])\b\w+(?:[’'.-](?!s\b)\w+)*")
"""A word, without the ending of a genitive."""

_LONGEST = 6
"""Words of the longest name that is looked for as one."""

_QUESTION = 64
"""Words of the longest question: the text is searched for each, and more are a text themselves."""

_ENOUGH = 40
"""Places of a word that are looked at."""

_BEFORE = 8
"""Characters before a word that tell whether a sentence begins with it."""

_BEGINS = re.compile(
    r"(?:\A|\n\s*\n|[?!:;“”\"'‘’(\[–—*•-]|(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)\.)\s*\Z"
)
"""What stands before a word that a sentence begins with."""

_COMMON = re.compile(
    r"a|about|after|all|an|and|any|are|as|at|be|been|before|but|by|can|could|did|do|"
    r"does|for|from|had|has|have|he|her|his|how|i|in|is|it|its|many|more|most|much|my|"
    r"no|not|of|on|one|or|our|out|over|she|so|than|that|the|their|them|there|they|this|"
    r"to|two|under|up|was|we|were|what|when|where|which|who|whom|whose|why|will|with|"
    r"would|you|your"
)
"""Words that are no names, however few a text has of them."""


def spelled(question: str, text: str) -> str:
    """The question with its names as the text has them; as it is where it has capitals itself."""
    bare = question.strip()
    if bare[1:] != bare[1:].lower():
        return question
    words = list(_WORD.finditer(question))
    if len(words) > _QUESTION:
        return question
    folded = _folded(text)
    made, done, place = "", 0, 0
    while place < len(words):
        start = words[place].start()
        phrases = [question[start : word.end()] for word in words[place : place + _LONGEST]]
        # The text is searched for a phrase only where it has all of it but the last word.
        known = list(takewhile(lambda phrase: next(_places(phrase, folded), -1) >= 0, phrases))
        step = 1
        for count in range(len(known), 0, -1):
            if form := _form(known[count - 1], text, folded, alone=count == 1):
                made += question[done:start] + form
                done, step = start + len(known[count - 1]), count
                break
        place += step
    return made + question[done:]


def _form(phrase: str, text: str, folded: str, *, alone: bool) -> str:
    """How the text mostly writes a phrase, or a word `alone`; empty where that is as it is typed.

    A capital that begins a sentence says nothing, unless a name goes on behind it.
    """
    if alone and _COMMON.fullmatch(phrase):
        return ""
    found = list(_places(phrase, folded))
    inside = [at for at in found if not _BEGINS.search(text[max(0, at - _BEFORE) : at])]
    forms = Counter(text[at : at + len(phrase)] for at in inside)
    if not inside and not alone:
        forms = Counter(_begun(text[at : at + len(phrase)]) for at in found)
    form, times = next(iter(forms.most_common(1)), ("", 0))
    return form if form != phrase and 2 * times > forms.total() else ""


def _begun(phrase: str) -> str:
    """A phrase that a sentence begins with, as it would stand inside of one."""
    first = re.split(r"\W", phrase.lower(), maxsplit=1)[0]
    name = phrase[1:] != phrase[1:].lower() and not _COMMON.fullmatch(first)
    return phrase if name else phrase[0].lower() + phrase[1:]


def _places(phrase: str, text: str) -> Iterator[int]:
    """The first places where a phrase stands in a text as words of its own."""
    at, given = -1, 0
    while given < _ENOUGH and (at := text.find(phrase, at + 1)) >= 0:
        end = at + len(phrase)
        if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
            given += 1
            yield at


def _folded(text: str) -> str:
    """The text in small letters, each at its place."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
