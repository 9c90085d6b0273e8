"""A text in leaves, to be turned one by one: its pages, or pieces of about a page's length.

Knows a document's text, pages and chapters; shows nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from beacon_qa.documents import Document, Span

_LENGTH = 2500
"""Characters of a leaf where the file has no pages, about."""


def leaves(document: Document) -> tuple[Span, ...]:
    """The pages; without pages, pieces that end with a paragraph and cross no chapter's border."""
    if document.pages:
        return document.pages
    length = len(document.text)
    borders = sorted({0, length, *(chapter.start for chapter in document.chapters)})
    cut = [leaf for ends in pairwise(borders) for leaf in _pieces(document.text, *ends)]
    return tuple(cut) or (Span(0, length, ""),)


def leaf_at(turned: Sequence[Span], offset: int) -> int:
    """The index of the leaf that holds a character; the first or last one outside of the text."""
    # Empty pages share their start with the next page: the last of equals holds the text.
    return max(bisect_right(turned, offset, key=lambda leaf: leaf.start) - 1, 0)


def place_name(document: Document, offset: int) -> str:
    """A place as a person says it: "p. 87, The Chase", or how far into the book it is."""
    page, chapter = document.page_at(offset), document.chapter_at(offset)
    far = f"{100 * offset / max(len(document.text), 1):.0f}% in"
    name = chapter.label if chapter else ""
    return ", ".join(part for part in (f"p. {page.label}" if page else far, name) if part)


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > _LENGTH * 3 // 2:
        stop = start + _LENGTH
        for mark in ("\n", " "):
            at = text.rfind(mark, start + _LENGTH // 2, stop) + 1
            if at:
                break
        yield Span(start, at or stop, "")
        start = at or stop
    if end > start:
        yield Span(start, end, "")
