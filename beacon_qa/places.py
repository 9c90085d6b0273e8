"""Places in a document as people name them: "page 120", "chapter 7", "The Whale", a span.

Knows a document's pages and chapters; knows nothing of tokens or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from beacon_qa.documents import Document, Span
from beacon_qa.errors import DocumentError

_PAGE = re.compile(r"(?:p\.|pp\.|(?:page|pp?)(?=[\s\d]))\s*(\S+)", re.IGNORECASE)
_CHAPTER = re.compile(r"(?:chapter|ch\.?)\s*(\d{1,9})", re.IGNORECASE)

_NUMBER = re.compile(r"\d{1,9}")


def find_place(document: Document, place: Span | int | str) -> Span:
    """The page or chapter that is meant.

    A number is a page counted from 1; a string is a chapter's title (or a unique part of it), a
    page with its printed label ("page xii"), or a chapter counted from 1 ("chapter 7").
    Raises DocumentError when the document has no such place, naming what it has.
    """
    if isinstance(place, Span):
        return place
    if isinstance(place, int):
        return _counted(document, document.pages, place, "pages")
    name = place.strip()
    chapter = _titled(document, name)
    if chapter is not None:
        return chapter
    if found := _PAGE.fullmatch(name):
        return _labelled(document, found[1])
    if found := _CHAPTER.fullmatch(name):
        return _counted(document, document.chapters, int(found[1]), "chapters")
    if _NUMBER.fullmatch(name):
        return _counted(document, document.pages, int(name), "pages")
    raise DocumentError(
        f"{document.title} has no place called {place!r}: it has {len(document.pages)} pages and "
        f'{len(document.chapters)} chapters; say "page 12", "chapter 3" or a chapter\'s title.'
    )


def _titled(document: Document, name: str) -> Span | None:
    wanted = name.casefold()
    whole = [span for span in document.chapters if span.label.casefold() == wanted]
    if whole:
        return whole[0]
    part = [span for span in document.chapters if len(wanted) > 2 and wanted in _folded(span)]
    # "chapter 1" is also a part of "Chapter 12": only an unmistakable part counts.
    return part[0] if len(part) == 1 and not _CHAPTER.fullmatch(name) else None


def _folded(span: Span) -> str:
    return span.label.casefold()


def _labelled(document: Document, label: str) -> Span:
    for page in document.pages:
        if page.label.casefold() == label.casefold():
            return page
    if _NUMBER.fullmatch(label):
        return _counted(document, document.pages, int(label), "pages")
    raise DocumentError(
        f"{document.title} has no page {label!r}; it has {len(document.pages)} pages."
    )


def _counted(document: Document, spans: Sequence[Span], number: int, what: str) -> Span:
    if not 1 <= number <= len(spans):
        raise DocumentError(
            f"{document.title} has {len(spans)} {what}, so there is no number {number}; choose "
            f"another place, or leave it out."
        )
    return spans[number - 1]
