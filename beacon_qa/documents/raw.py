"""What every format hands over before cleaning: pages of raw text and marks on them.

Knows the shape of the hand-over, and the limits that a file is read under. Knows no format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from beacon_qa.errors import LimitExceeded


class Lines(Enum):
    """What a line end means in the raw text."""

    PROSE = "a line is a paragraph"
    WRAPPED = "paragraphs were broken into lines, blank lines between them"
    TYPESET = "printed pages: broken lines, hyphens at line ends, running headers"


@dataclass(frozen=True, slots=True)
class RawPage:
    """The text of one page as the format gives it, and the label printed on the page."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter that begins `offset` characters after the start of page `page` (from 0).

    The offset may run past the end of that page into later ones. Level 1 is topmost.
    """

    page: int
    offset: int
    label: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A file's text before cleaning. `paged` is False where the format knows no pages."""

    pages: Sequence[RawPage]
    format: str
    paged: bool = False
    lines: Lines = Lines.PROSE
    chapters: Sequence[Mark] = ()
    title: str | None = None
    author: str | None = None
    language: str | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be and how long parsing it may take.

    Bytes, pages and characters of the document; memory of the parsing process in bytes (address
    space); seconds of processor and of the clock. `characters` also bounds what is unpacked.
    """

    bytes: int = 256 * 2**20
    pages: int = 20_000
    characters: int = 20_000_000
    memory: int = 3 * 2**30
    cpu_seconds: int = 300
    wall_seconds: float = 360.0

    def check_bytes(self, count: int, name: str) -> None:
        """Raise LimitExceeded when a file of `count` bytes is too large."""
        if count > self.bytes:
            raise LimitExceeded(
                f"“{name}” has more than the {self.bytes:,} bytes allowed for a file; "
                "split it, or raise the limit on bytes."
            )

    def check_pages(self, count: int) -> None:
        """Raise LimitExceeded when a file has too many pages."""
        if count > self.pages:
            raise LimitExceeded(
                f"The file has {count:,} pages and {self.pages:,} are allowed; "
                "split it, or raise the limit on pages."
            )

    def check_characters(self, count: int) -> None:
        """Raise LimitExceeded when the text is too long."""
        if count > self.characters:
            raise LimitExceeded(
                f"The file holds more than the {self.characters:,} characters allowed for a "
                "text; split it, or raise the limit on characters."
            )
