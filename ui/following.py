"""What a browser waits for after files were handed in: which to open, and what to say of them.

Knows jobs; knows nothing of the page. A value, kept by the browser's session between two looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beacon_qa.desk.job import Job


@dataclass(frozen=True)
class Following:
    """Ids of `jobs` to look after, whether one is to be opened, and `notes` for the person."""

    jobs: tuple[str, ...] = ()
    opening: bool = False
    notes: tuple[str, ...] = ()

    def look(self, jobs: Sequence[Job]) -> tuple[str, Following]:
        """(job, what is left): the first of the jobs whose book can be asked, once, or ""."""
        opened, left, notes = "", [], list(self.notes)
        for job in jobs:
            if job.id not in self.jobs:
                continue
            begun = job.progress is not None and job.progress.windows > 0
            if self.opening and not opened and (job.state == "ready" or begun):
                opened = job.id
            if job.active:
                left.append(job.id)
            elif job.known:
                notes.append(f"“{job.name}” is on the shelf already; it was not read again.")
        return opened, Following(tuple(left), self.opening and not opened, tuple(notes))
