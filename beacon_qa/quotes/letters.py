"""Text as it is compared letter by letter: what printing and typing change is taken out.

    printed    “It was, he said, an exam-        compared   It was, he said, an example;
               ple; don’t — ﬁnd out”                        don't-find out

White space of any kind is one space, dashes of any kind are one hyphen without space around it,
quote marks and emphasis marks are gone (an apostrophe inside a word stays), ligatures and accents
are in their usual form. Letters, their case and all other marks are as they were. Knows characters
and the way back to where they stood; knows nothing of documents or answers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from beacon_qa.documents.offsets import OffsetMap, TracedText

DASHES = "\\-\u2010-\u2015\u2212\u00ad\u0002\ufffe"
SINGLE_MARKS = "'\u2018\u2019\u201a\u201b\u2039\u203a\u2032`\u00b4"
DOUBLE_MARKS = '"\u201c-\u201f\u00ab\u00bb\u2033\u301d-\u301f\u300c-\u300f'
_UNSEEN = "\u200b-\u200f\u2060-\u2064\ufeff_*"
_GAP = f"\\s{DASHES}{SINGLE_MARKS}{DOUBLE_MARKS}{_UNSEEN}"
_ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"

_ODD = re.compile(
    f"(?P<ligature>[\ufb00-\ufb06])|(?P<accented>\\w[{_ACCENTS}]+)|(?! [^{_GAP}])(?P<gap>[{_GAP}]+)"
)
_BROKEN_WORD = re.compile(f"[{DASHES}][^\\S\n]*[\r\n]\\s*")
_SOFT = re.compile("[\u00ad\u0002]+")
_DASH = re.compile(f"[{DASHES}]")
_APOSTROPHE = re.compile(f"[{SINGLE_MARKS}]")
_SPACE = re.compile("\\s")
_GAP_BEFORE = re.compile(f"[{_GAP}]")


@dataclass(frozen=True)
class Letters:
    """A text in the form that is compared; `broken_words` counts hyphens at line ends."""

    source: str
    text: str
    offsets: OffsetMap
    broken_words: int

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the source that `text[start:end]` stands for."""
        first = self.offsets.to_raw(start)
        last = self.offsets.to_raw(end) if end < len(self.text) else len(self.source)
        while last > first + 1 and _GAP_BEFORE.match(self.source, last - 1):
            last -= 1
        return first, last


def letters(text: str, *, keep_hyphens: bool = False) -> Letters:
    """The text as it is compared.

    A hyphen at a line's end goes with the line end; with `keep_hyphens` it stays, for a word that
    is spelled with it.
    """
    out, done, broken = TracedText(), 0, 0
    for odd in _ODD.finditer(text):
        out.copy(text[done : odd.start()], done)
        done = odd.end()
        if odd.lastgroup != "gap":
            out.replace(unicodedata.normalize("NFKC", odd[0]), odd.start())
            continue
        before, after = text[odd.start() - 1 : odd.start()], text[done : done + 1]
        if _BROKEN_WORD.fullmatch(odd[0]) and before.isalpha() and after.islower():
            broken += 1
            if not keep_hyphens:
                continue
        out.replace(_gap(odd[0], before.isalnum() and after.isalnum()), odd.start())
    out.copy(text[done:], done)
    plain, offsets = out.finish(())
    return Letters(text, plain, offsets, broken)


def _gap(gap: str, inside_word: bool) -> str:
    """What a run of white space, dashes and marks is in the form that is compared."""
    if gap.isspace():
        return " "
    if _SOFT.fullmatch(gap):
        return ""
    if _DASH.search(gap):
        return "-"
    if _SPACE.search(gap):
        return " "
    return "'" if inside_word and _APOSTROPHE.fullmatch(gap) else ""
