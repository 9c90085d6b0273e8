"""What the shelf knows about one book: a row of the catalog as a value.

A book is a document read with one model at one ratio behind one template: another of these is
another memory, hence another book. Knows nothing of where things are kept.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "reading", "ready", "failed"]


@dataclass(frozen=True)
class MemoryKey:
    """All that decides what a memory holds: the text, the model, the ratio, the template.

    `ratio` is written as a number, or as numbers joined by commas for a schedule.
    """

    content_hash: str
    model_key: str
    ratio: str
    template: str

    @property
    def book_id(self) -> str:
        """A short id, the same on every machine: eight letters and digits."""
        facts = "\n".join([self.content_hash, self.model_key, self.ratio, self.template])
        digest = hashlib.sha256(facts.encode()).digest()
        return base64.b32encode(digest).decode()[:8].lower()


@dataclass(frozen=True)
class BookRecord:
    """A book on the shelf.

    `tokens` of `total_tokens` and `windows` of `total_windows` have been read; `nbytes` is the
    size of its memory file. `source` is the path it was read from. `seams` are the character
    offsets where text was appended later. `reason` says why, when `state` is "failed".
    """

    id: str
    content_hash: str
    model_key: str
    ratio: str
    template: str
    model_name: str = ""
    title: str = ""
    author: str = ""
    language: str = ""
    format: str = ""
    source: str = ""
    seams: str = ""
    pages: int = 0
    chapters: int = 0
    characters: int = 0
    state: State = "waiting"
    reason: str = ""
    tokens: int = 0
    total_tokens: int = 0
    windows: int = 0
    total_windows: int = 0
    kept: int = 0
    nbytes: int = 0
    created: str = ""
    updated: str = ""

    @property
    def key(self) -> MemoryKey:
        """The key its memory is kept under."""
        return MemoryKey(self.content_hash, self.model_key, self.ratio, self.template)

    @property
    def condensing(self) -> str:
        """How it is condensed, in words: "ratio 8", or "not condensed" at ratio 0."""
        return "not condensed" if self.ratio == "0" else f"ratio {self.ratio}"

    @property
    def seam_offsets(self) -> tuple[int, ...]:
        """`seams` as numbers."""
        return tuple(int(part) for part in self.seams.split(",") if part)
