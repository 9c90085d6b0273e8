"""Make a Document of what a format handed over.

Knows how raw pages, marks and metadata become cleaned text with spans. Knows no format.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from beacon_qa.documents.chapters import chapters_of
from beacon_qa.documents.cleaning import clean, clean_label
from beacon_qa.documents.document import Document, Span
from beacon_qa.documents.headings import Heading
from beacon_qa.documents.offsets import OffsetMap
from beacon_qa.documents.raw import Lines, RawDocument
from beacon_qa.errors import EmptyDocument


def assemble(raw: RawDocument, *, name: str, content_hash: str) -> Document:
    """Clean a raw document and place its pages and chapters in the cleaned text.

    `name` is the file's name, the title of last resort. Raises EmptyDocument when no word is left.
    """
    if raw.lines is Lines.TYPESET:
        # A page ends a line even where the format does not say so.
        raw = replace(raw, pages=[replace(page, text=page.text + "\n") for page in raw.pages])
    text, offsets = clean(raw.pages, raw.lines)
    if not any(map(str.isalnum, text)):
        raise EmptyDocument(f"“{name}” holds no words; choose a file with text in it.")
    return Document(
        text=text,
        pages=_page_spans(raw, offsets, len(text)) if raw.paged else (),
        chapters=chapters_of(text, _headings(raw, offsets, text)),
        title=clean_label(raw.title or "") or clean_label(PurePath(name).stem) or "Untitled",
        author=clean_label(raw.author or "") or None,
        language=clean_label(raw.language or "", 35) or None,
        format=raw.format,
        content_hash=content_hash,
        notes=tuple(clean_label(note, 1000) for note in raw.notes),
        offsets=offsets,
    )


def _page_spans(raw: RawDocument, offsets: OffsetMap, length: int) -> tuple[Span, ...]:
    starts = [offsets.to_cleaned(start) for start in offsets.page_starts]
    ends = [*starts[1:], length]
    # Blank lines before the first word belong to no run, so the first page is put at 0 by hand.
    starts[0] = 0
    return tuple(
        Span(start, end, clean_label(page.label, 40))
        for start, end, page in zip(starts, ends, raw.pages, strict=True)
    )


def _headings(raw: RawDocument, offsets: OffsetMap, text: str) -> list[Heading]:
    found: list[Heading] = []
    for mark in raw.chapters:
        start = offsets.to_cleaned(offsets.page_starts[mark.page] + mark.offset)
        start += len(text[start : start + 2]) - len(text[start : start + 2].lstrip())
        label = clean_label(mark.label)
        if label and start < len(text):
            found.append(Heading(start, start, label, mark.level))
    return found
