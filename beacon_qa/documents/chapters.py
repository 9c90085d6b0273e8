"""Turn headings, however found, into chapters: spans in order that never overlap.

Knows headings and their levels. Knows nothing of where they came from: a book's outline, its
markup, or `headings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from beacon_qa.documents.document import Span
from beacon_qa.documents.headings import Heading, find_headings

_ENOUGH = 3
"""With fewer headings than this at the levels taken so far, the next level is taken as well."""

_CHARACTERS_PER_CHAPTER = 4_000
_ALWAYS_ALLOWED = 60


def chapters_of(text: str, headings: Sequence[Heading]) -> tuple[Span, ...]:
    """Return the chapters that the file's own headings name, or that the text itself shows."""
    if headings:
        ordered = sorted(headings, key=lambda heading: (heading.offset, heading.level))
        return _spans(_qualified(_main_levels(ordered, len(text))), len(text))
    return _spans(_merged(_qualified(find_headings(text)), text), len(text))


def _main_levels(headings: Sequence[Heading], characters: int) -> list[Heading]:
    """Leave out sub-sections so fine that they would no longer be chapters."""
    allowed = max(_ALWAYS_ALLOWED, characters // _CHARACTERS_PER_CHAPTER)
    taken: list[Heading] = []
    for level in sorted({heading.level for heading in headings}):
        upto = [heading for heading in headings if heading.level <= level]
        if len(taken) >= _ENOUGH and len(upto) > allowed:
            break
        taken = upto
    return taken


def _qualified(headings: Sequence[Heading]) -> list[Heading]:
    """Name the part before a label that occurs in several parts: "BOOK II, CHAPTER I"."""
    counts = Counter(heading.label for heading in headings)
    above: list[Heading] = []
    named: list[Heading] = []
    for heading in headings:
        while above and above[-1].level >= heading.level:
            above.pop()
        part = above[-1].label.rstrip(". ") if above else ""
        above.append(heading)
        if part and counts[heading.label] > 1:
            heading = replace(heading, label=f"{part}, {heading.label}")
        named.append(heading)
    return named


def _merged(headings: Sequence[Heading], text: str) -> list[Heading]:
    """Make one of "BOOK I" and "CHAPTER I" where nothing stands between them."""
    merged: list[Heading] = []
    for heading in headings:
        if merged and not text[merged[-1].end : heading.offset].strip():
            first = merged.pop()
            part = first.label.rstrip(". ")
            label = heading.label if heading.label.startswith(part) else f"{part}, {heading.label}"
            heading = Heading(first.offset, heading.end, label, first.level)
        merged.append(heading)
    return merged


def _spans(headings: Sequence[Heading], length: int) -> tuple[Span, ...]:
    ends = [heading.offset for heading in headings[1:]] + [length]
    return tuple(
        Span(heading.offset, end, heading.label)
        for heading, end in zip(headings, ends, strict=False)
        if heading.offset < end
    )
