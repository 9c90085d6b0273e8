"""Find what is printed on every page and belongs to none: running headers, footers, numbers.

Knows lines and the pages they stand on. Only plain cases are named: a line that returns on many
pages at the same edge, or page numbers that count up with the pages. A doubtful line stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from beacon_qa.documents.headings import numeral
from beacon_qa.documents.wrapping import Line

_FEWEST = 4
"""Pages on which something must return before it counts as running."""

_SHARE = 0.5
"""Share of the pages that page numbers must run through before they are believed."""

_LONGEST = 90
_DIGITS = re.compile(r"\d+")
_NUMBER_ALONE = re.compile(
    r"\W*(?:(?:page|p\.|seite|s\.|página|pagina)\s*)?(\d{1,5}|[ivxlc]{1,8})"
    r"(?:\s*(?:of|/|von|de)\s*\d{1,5})?\W*",
    re.IGNORECASE,
)
_NUMBER_AT_EDGE = re.compile(r"(\d{1,5})\s+\S|.*\S\s+(\d{1,5})\Z")


@dataclass(frozen=True, slots=True)
class _EdgeLine:
    """The first or last line of a page."""

    index: int
    page: int
    top: bool
    text: str


def running_lines(
    lines: Sequence[Line], page_starts: Sequence[int], labels: Sequence[str]
) -> frozenset[int]:
    """Return the indices of lines that are running headers, footers or page numbers."""
    found: set[int] = set()
    # A header may hold two lines, the name of the book and a number: look at the edge twice.
    for _ in range(2):
        edges = list(_edges(lines, page_starts, found))
        more = _returning(edges) | _numbered(edges, len(page_starts)) | _labelled(edges, labels)
        if not more:
            break
        found |= more
    return frozenset(found)


def _edges(
    lines: Sequence[Line], page_starts: Sequence[int], skip: set[int]
) -> Iterator[_EdgeLine]:
    pages: dict[int, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        if line.text and index not in skip:
            pages[bisect_right(page_starts, line.start) - 1].append(index)
    for page, indices in pages.items():
        if len(indices) > 1:
            yield _EdgeLine(indices[0], page, True, lines[indices[0]].text)
            yield _EdgeLine(indices[-1], page, False, lines[indices[-1]].text)


def _returning(edges: Iterable[_EdgeLine]) -> set[int]:
    groups: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for edge in edges:
        words = _DIGITS.sub("", edge.text).strip(" -–—|·.,").lower()
        if len(words) >= 3 and len(edge.text) <= _LONGEST:
            groups[edge.top, words].append(edge.index)
    return {index for group in groups.values() if len(group) >= _FEWEST for index in group}


def _numbered(edges: Sequence[_EdgeLine], pages: int) -> set[int]:
    """Numbers at one edge whose distance from the page's own index stays the same."""
    found: set[int] = set()
    for top in (True, False):
        alone = {e.index: n - e.page for e in edges if e.top is top for n in _number_alone(e)}
        beside = {e.index: n - e.page for e in edges if e.top is top for n in _number_beside(e)}
        found |= _constant(alone, min(_FEWEST, max(pages // 2, 2)))
        found |= _constant(alone | beside, max(_FEWEST, int(_SHARE * pages)))
    return found


def _labelled(edges: Iterable[_EdgeLine], labels: Sequence[str]) -> set[int]:
    """Lines that hold nothing but the printed label of their page.

    A lone plain number may also be the number of a chapter; it takes two to be believed.
    """
    found = {e.index: labels[e.page] for e in edges if _bare(e.text) == labels[e.page].lower()}
    believed = len(found) > 1
    return {index for index, label in found.items() if believed or not label.isdigit()}


def _bare(text: str) -> str:
    return text.strip(" -–—[]()|.").lower()


def _constant(distances: dict[int, int], fewest: int) -> set[int]:
    common = {d for d, count in Counter(distances.values()).items() if count >= fewest}
    return {index for index, distance in distances.items() if distance in common}


def _number_alone(edge: _EdgeLine) -> Iterator[int]:
    match = _NUMBER_ALONE.fullmatch(edge.text)
    if match:
        yield numeral(match[1])


def _number_beside(edge: _EdgeLine) -> Iterator[int]:
    match = _NUMBER_AT_EDGE.match(edge.text) if len(edge.text) <= _LONGEST else None
    if match:
        yield int(match[1] or match[2])
