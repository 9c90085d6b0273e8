"""What a file becomes: text, and where its pages and chapters lie in it.

Knows text and positions, and how to write itself as JSON. Knows no file format and no model.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from beacon_qa.documents.offsets import OffsetMap
from beacon_qa.errors import DamagedFile, DocumentError


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` to `end` (excluded) of a document's text, and their name."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file as it was: printed page label, page number, position on that page.

    `page_number` counts pages from 1. `raw_offset` counts characters of the page's text before
    cleaning. A file without pages is one page with an empty label.
    """

    page_label: str
    page_number: int
    raw_offset: int


@dataclass(frozen=True)
class Document:
    """A whole text, cleaned, with its pages, chapters, and the way back to the file.

    `pages` touch each other and cover the text; the tuple is empty when the format has no pages.
    `chapters` are in order and never overlap. `content_hash` is the SHA-256 of the file's bytes
    in hexadecimal. `notes` are sentences on what was guessed, left out or not readable.
    """

    text: str = field(repr=False)
    pages: tuple[Span, ...] = field(repr=False)
    chapters: tuple[Span, ...] = field(repr=False)
    title: str
    author: str | None
    language: str | None
    format: str
    content_hash: str
    notes: tuple[str, ...] = ()
    offsets: OffsetMap = field(default=OffsetMap((0,), (0,), (0,), 0), repr=False)

    def page_at(self, offset: int) -> Span | None:
        """Return the page that holds the character, or None where the file has no pages."""
        return _span_at(self.pages, offset)

    def chapter_at(self, offset: int) -> Span | None:
        """Return the chapter that holds the character, or None before the first chapter."""
        return _span_at(self.chapters, offset)

    def locate(self, offset: int) -> Place:
        """Return where in the file the character at `offset` was.

        Raises DocumentError for an offset outside of the text.
        """
        if not 0 <= offset <= len(self.text):
            raise DocumentError(
                f"Offset {offset} is outside of “{self.title}”, which has "
                f"{len(self.text)} characters; use an offset of this document's text."
            )
        raw = self.offsets.to_raw(offset)
        index = self.offsets.page_of(raw)
        label = self.pages[index].label if index < len(self.pages) else ""
        return Place(label, index + 1, raw - self.offsets.page_starts[index])

    def to_json(self) -> str:
        """Return the whole document as JSON text."""
        value = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        value["pages"] = [asdict(span) for span in self.pages]
        value["chapters"] = [asdict(span) for span in self.chapters]
        value["offsets"] = self.offsets.to_json()
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Document:
        """Rebuild a document from `to_json`. Raises DamagedFile when the text is not one."""
        try:
            value: dict[str, Any] = json.loads(text)
            plain = {name: value[name] for name in _PLAIN_FIELDS}
            plain["notes"] = tuple(plain["notes"])
            pages = tuple(Span(**span) for span in value["pages"])
            chapters = tuple(Span(**span) for span in value["chapters"])
            offsets = OffsetMap.from_json(value["offsets"])
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFile(
                f"The stored document cannot be read ({error}); read the original file again."
            ) from error
        return cls(pages=pages, chapters=chapters, offsets=offsets, **plain)


_PLAIN_FIELDS = ("text", "title", "author", "language", "format", "content_hash", "notes")


def _span_at(spans: Sequence[Span], offset: int) -> Span | None:
    # Pages without text share their start with the next page: the last of equals holds the text.
    index = bisect_right(spans, offset, key=lambda span: span.start) - 1
    if index < 0 or not spans[index].start <= offset < spans[index].end:
        return None
    return spans[index]
