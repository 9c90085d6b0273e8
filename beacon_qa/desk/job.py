"""One book on its way through the desk, as a value: what it is called and how far it has come.

Knows states and progress; knows nothing of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from beacon_qa.reading import ReadingProgress

JobState = Literal["waiting", "parsing", "reading", "ready", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """A book that is being read, waits for it, or was at the desk lately.

    `name` is what the user called the file, and the title once that is known. `book_id` is empty
    until the file is parsed. `ahead` counts the books that are read before this one. `progress`
    is the latest while it is read, else None. `reason` says why a job failed; `password` whether
    one is needed. `known` is true when the book was ready already and nothing had to be read.
    """

    id: str
    name: str
    state: JobState = "waiting"
    book_id: str = ""
    reason: str = ""
    password: bool = False
    known: bool = False
    ahead: int = 0
    progress: ReadingProgress | None = field(default=None, compare=False)

    @property
    def active(self) -> bool:
        """Whether it is still on its way."""
        return self.state in ("waiting", "parsing", "reading")
