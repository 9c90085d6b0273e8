"""Decide what each line end of a text was: a break in a paragraph, or the end of one.

Knows lines, their widths and hyphens. Knows nothing of positions in the file or of formats.
Without the page's layout this is judgement: a line nearly as wide as its neighbours goes on, a
short one ends, and a hyphen is kept where the text elsewhere spells the word with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from beacon_qa.documents.headings import is_heading
from beacon_qa.documents.raw import Lines


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its margins: where it stands in the raw text, and what it says."""

    start: int
    end: int
    text: str
    indented: bool = False
    soft_hyphen: bool = False


class Joint(Enum):
    """What stands between a line and the next one: a separator, and characters cut before it."""

    GLUED = ("", 0)
    UNHYPHENATED = ("", 1)
    SPACE = (" ", 0)
    LINE = ("\n", 0)
    PARAGRAPH = ("\n\n", 0)

    @property
    def separator(self) -> str:
        """The characters written between the two lines."""
        return self.value[0]


_NEIGHBOURHOOD = 40
"""Lines over which a column's width is measured: about one page."""

_NARROWEST = 30
"""A width below this, in characters, is a list or a table, not a column of prose."""

_BULLET = re.compile(r"(?:[•‣▪◦●○■□–—*·-]\s|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s|\[\d{1,3}\]\s)")
_CONTENTS_LINE = re.compile(r"(?: ?\.){4,}\s*\w{1,6}\Z")
_ENDS_SENTENCE = re.compile(r"[.!?:…][\"'”’»)\]]*\Z")
_HYPHENATED = re.compile(r"[^\W\d_][-\u2010]\Z|\d[-\u2010]\Z")
_ENDS_IN_DASH = re.compile(r"\w—\Z")
_LAST_WORD = re.compile(r"[\w'’]+(?:[-\u2010][\w'’]+)*[-\u2010]\Z")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_SUSPENDED = frozenset({"and", "or", "to", "und", "oder", "bis", "sowie", "et", "ou", "y", "e"})
_DROP_CAP = re.compile(r"[B-HJ-Z]\Z")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def joints(lines: Sequence[Line], kind: Lines) -> list[Joint]:
    """Return, for each line, what stands between it and the next line."""
    if kind is Lines.PROSE:
        found = [_prose_joint(line, after) for line, after in pairwise(lines)]
    else:
        words = _words(lines)
        found = [
            _joint(line, after, width, words)
            for (line, after), width in zip(pairwise(lines), _widths(lines), strict=False)
        ]
    return [*found, Joint.GLUED] if lines else []


def looks_wrapped(texts: Sequence[str]) -> bool:
    """Tell whether a plain text's paragraphs were broken into lines of about equal width."""
    inner = [len(a) for a, b in pairwise(texts) if a.strip() and b.strip()]
    if len(inner) < 5:
        return False
    width = _column_width(inner)
    full = sum(0.75 * width <= length <= 1.25 * width for length in inner)
    return 45 <= width <= 120 and full >= 0.6 * len(inner)


def _prose_joint(line: Line, after: Line) -> Joint:
    if not line.text:
        return Joint.GLUED
    return Joint.LINE if after.text else Joint.PARAGRAPH


def _joint(line: Line, after: Line, width: float, words: frozenset[str]) -> Joint:
    if not line.text or not after.text:
        return _prose_joint(line, after)
    if line.soft_hyphen or _ENDS_IN_DASH.search(line.text):
        return Joint.GLUED
    if is_heading(line.text) or is_heading(after.text) or _BULLET.match(after.text):
        return Joint.LINE
    if _CONTENTS_LINE.search(line.text[-40:]):
        return Joint.LINE
    if _HYPHENATED.search(line.text) and after.text[0].isalnum():
        return _hyphen_joint(line.text, after.text, words)
    goes_on = after.text[0].islower()
    if goes_on and _DROP_CAP.match(line.text):
        return Joint.GLUED
    return _width_joint(line, after, width, goes_on)


def _width_joint(line: Line, after: Line, width: float, goes_on: bool) -> Joint:
    fullness = len(line.text) / width
    if _ENDS_SENTENCE.search(line.text) and not goes_on:
        titled = len(after.text) < 0.6 * width and not _ENDS_SENTENCE.search(after.text)
        if fullness < 0.8 or titled:
            return Joint.PARAGRAPH
    if after.indented and not goes_on:
        return Joint.LINE
    if fullness >= 0.7 or (goes_on and fullness >= 0.35):
        unspaced = _UNSPACED.match(line.text[-1]) and _UNSPACED.match(after.text[0])
        return Joint.GLUED if unspaced else Joint.SPACE
    return Joint.LINE


def _hyphen_joint(text: str, after: str, words: frozenset[str]) -> Joint:
    first = _FIRST_WORD.match(after)
    last = _LAST_WORD.search(text)
    if not after[0].islower() or first is None or last is None:
        return Joint.GLUED
    if first[0] in _SUSPENDED:
        return Joint.SPACE
    with_hyphen = (last[0] + first[0]).lower()
    without = (last[0][:-1] + first[0]).lower()
    kept = with_hyphen in words and without not in words
    return Joint.GLUED if kept else Joint.UNHYPHENATED


def _words(lines: Iterable[Line]) -> frozenset[str]:
    return frozenset(word.lower() for line in lines for word in _WORD.findall(line.text))


def _widths(lines: Sequence[Line]) -> Iterator[float]:
    for start in range(0, len(lines), _NEIGHBOURHOOD):
        near = lines[start : start + _NEIGHBOURHOOD]
        width = _column_width([len(line.text) for line in near])
        yield from (max(width, _NARROWEST) for _ in near)


def _column_width(lengths: Sequence[int]) -> float:
    """Return the length at which half of all characters lie on lines at least as long."""
    ordered = sorted(lengths, reverse=True)
    half = sum(ordered) / 2
    for length in ordered:
        half -= length
        if half <= 0:
            return length
    return 0.0
