"""Two documents as one: the second after the first, pages and chapters kept.

Knows documents; knows nothing of files or models.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from beacon_qa.documents import Document, OffsetMap, Span

_BETWEEN = "\n\n"


def joined(first: Document, second: Document) -> Document:
    """The first document followed by the second; the text of the first stands unchanged.

    The second becomes a chapter named by its title when it has none. Where only one of the two
    has pages, the other is one page without a label.
    """
    shift = len(first.text) + len(_BETWEEN)
    total = shift + len(second.text)
    return replace(
        first,
        text=first.text + _BETWEEN + second.text,
        pages=_pages(first, second, shift, total),
        chapters=first.chapters
        + _shifted(second.chapters, shift, Span(shift, total, second.title)),
        content_hash=sha256(f"{first.content_hash}+{second.content_hash}".encode()).hexdigest(),
        notes=first.notes + second.notes,
        offsets=_offsets(first.offsets, second.offsets, shift),
    )


def _shifted(spans: tuple[Span, ...], shift: int, whole: Span) -> tuple[Span, ...]:
    moved = (Span(span.start + shift, span.end + shift, span.label) for span in spans)
    return tuple(moved) if spans else (whole,)


def _pages(first: Document, second: Document, shift: int, total: int) -> tuple[Span, ...]:
    if not first.pages and not second.pages:
        return ()
    before = first.pages or (Span(0, len(first.text), ""),)
    # Pages touch each other: the gap between the two texts belongs to the last page before it.
    last = before[-1]
    before = (*before[:-1], Span(last.start, shift, last.label))
    return before + _shifted(second.pages, shift, Span(shift, total, ""))


def _offsets(first: OffsetMap, second: OffsetMap, shift: int) -> OffsetMap:
    raw = max(first.to_raw(first.length), first.page_starts[-1] if first.page_starts else 0) + 1
    return OffsetMap(
        cleaned=first.cleaned + tuple(place + shift for place in second.cleaned),
        raw=first.raw + tuple(place + raw for place in second.raw),
        page_starts=first.page_starts + tuple(place + raw for place in second.page_starts),
        length=second.length + shift,
    )
