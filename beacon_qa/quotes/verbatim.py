"""Where the same words, or the same figure, stand in a long text.

Knows how to look for them in time linear in the text; knows nothing of documents or answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from beacon_qa.quotes.figures import Figure, dates, is_date, numbers, spellings
from beacon_qa.quotes.letters import Letters, letters

_NEAR = 1500
"""Characters from the first to the last part of a quotation with an ellipsis, besides the parts."""

_TRIES = 100_000
"""Places that are looked at, at most: a text may repeat a few letters without end."""

_AROUND = 40
"""Characters around a digit that can belong to one code or date."""

_ELLIPSIS = re.compile(r"[\[(]?(?:\.\s?){2,}\.[\])]?|[\[(]?…[\])]?")


def same_words(text: Letters, words: str, limit: int) -> Iterator[tuple[int, int]]:
    """Spans of the source that read as `words`, in order, none past the character `limit`.

    An ellipsis in `words` stands for what was left out. A comma or full stop at the end, which
    belongs to the sentence around a quotation, need not be there.
    """
    stop = text.offsets.to_cleaned(limit)
    parts = [letters(part).text.strip(" -") for part in _ELLIPSIS.split(words)]
    parts = [part for part in parts if any(map(str.isalnum, part))]
    cut = [part.strip(",. -") for part in parts]
    for wanted in (parts, cut) if cut != parts else (parts,):
        found = False
        for start, end in _chains(text.text, wanted, stop):
            found = True
            yield text.source_span(start, end)
        if found:
            return


def same_figure(text: str, figure: Figure, written: str, limit: int) -> Iterator[tuple[int, int]]:
    """Spans of `text` that are the figure, however it is written, none past `limit`."""
    find = _date_at if is_date(figure.key) else _number_at
    for spelling in spellings(figure, written):
        at = -1
        for _ in range(_TRIES):
            at = text.find(spelling, at + 1, limit)
            if at < 0:
                break
            span = find(text, at, at + len(spelling), figure.key)
            if span and span[1] <= limit:
                yield span


def _chains(text: str, parts: Sequence[str], stop: int) -> Iterator[tuple[int, int]]:
    """Spans from the first part to the last, all in order and near one another."""
    start = -1
    for _ in range(_TRIES if parts else 0):
        start = text.find(parts[0], start + 1, stop)
        if start < 0:
            return
        end = start + len(parts[0])
        if not _whole(text, start, end):
            continue
        near = min(stop, start + _NEAR + sum(map(len, parts)))
        for part in parts[1:]:
            end = _end_of(text, part, end, near)
            if end < 0:
                break
        else:
            yield start, end


def _end_of(text: str, part: str, start: int, stop: int) -> int:
    """Where the next `part` ends, -1 when there is none."""
    at = start - 1
    while (at := text.find(part, at + 1, stop)) >= 0:
        if _whole(text, at, at + len(part)):
            return at + len(part)
    return -1


def _whole(text: str, start: int, end: int) -> bool:
    """Whether no word is cut at the ends of a span."""
    cut_left = text[start].isalnum() and text[start - 1 : start].isalnum()
    cut_right = text[end - 1].isalnum() and text[end : end + 1].isalnum()
    return not (cut_left or cut_right)


def _number_at(text: str, start: int, end: int, key: str) -> tuple[int, int] | None:
    """The number or code of this key around the span, or the span as a whole number in a code."""
    if _goes_on(text[start - 2 : start][::-1]) or _goes_on(text[end : end + 2]):
        return None
    first = max(start - _AROUND, 0)
    for figure in numbers(text, first, end + _AROUND):
        if figure.start <= start < figure.end:
            if figure.key == key:
                return figure.start, figure.end
            return (start, end) if key in figure.parts else None
    return None


def _goes_on(beside: str) -> bool:
    """Whether a number goes on into the two characters beside it."""
    return beside[:1].isdigit() or (beside[:1] in (".", ",", "'", "’") and beside[1:].isdigit())


def _date_at(text: str, start: int, end: int, key: str) -> tuple[int, int] | None:
    """The date of this key around the span, which is its year or day."""
    first = max(start - _AROUND, 0)
    around = text[first : end + _AROUND]
    if str(int(key[-2:])) not in around:
        return None
    for figure in dates(around):
        if figure.start <= start - first < figure.end and key in (figure.key, *figure.parts):
            return first + figure.start, first + figure.end
    return None
