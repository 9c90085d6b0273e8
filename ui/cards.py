"""What the shelf shows of each book: one card, from its record and its job at the desk.

Knows records, jobs and how to say their state in a sentence; knows nothing of HTML.
"""

from __future__ import annotations

from dataclasses import dataclass

from beacon_qa.commands.progress import duration
from beacon_qa.commands.session import whole
from beacon_qa.desk.job import Job
from beacon_qa.desk.work import STOPPED
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf.book_record import BookRecord
from ui.amounts import count, size, tokens

_ORDER = {"reading": 0, "failed": 1, "waiting": 2, "opening": 3}
"""States that come before all others, in this order."""


@dataclass(frozen=True)
class Card:
    """One entry of the shelf.

    `key` is the book's id, or the job's for a file that is no book yet; `openable` whether there
    is anything to ask. `state` is one word of the look, `label` what a person reads. `share` of
    the text is read, None where it is not known. `actions` are names of what may be done.
    """

    key: str
    job_id: str
    title: str
    state: str
    label: str
    facts: str
    notes: tuple[str, ...]
    share: float | None
    actions: tuple[str, ...]
    openable: bool


def cards(reader: Reader, jobs: tuple[Job, ...]) -> list[Card]:
    """The cards of a reader's shelf: what is read, what went wrong, the queue, the newest book."""
    records = sorted(reader.shelf.books(), key=lambda r: (r.created, r.id), reverse=True)
    known = {record.id for record in records}
    by_book = {job.book_id: job for job in jobs if job.book_id}
    files = [_file_card(job) for job in reversed(jobs) if job.book_id not in known]
    every = files + [_book_card(reader, record, by_book.get(record.id)) for record in records]
    queue = {job.id: place for place, job in enumerate(jobs)}

    def order(card: Card) -> tuple[int, int]:
        rank = _ORDER.get(card.state, len(_ORDER))
        return rank, queue.get(card.job_id, 0) if card.state in ("waiting", "opening") else 0

    return sorted(every, key=order)


def _file_card(job: Job) -> Card:
    """A file that was handed in and is no book yet, or will not be one."""
    if job.state == "failed":
        actions = ("password" if job.password else "retry", "dismiss")
        label = "Password needed" if job.password else "Cannot be read"
        return _file(job, "failed", label, (job.reason,), actions)
    if job.state == "cancelled":
        return _file(job, "stopped", "Cancelled", (), ("retry", "dismiss"))
    label = "Opening the file" if job.state == "parsing" else "Waiting to be opened"
    return _file(job, "opening", label, (), ("cancel",))


def _file(
    job: Job, state: str, label: str, notes: tuple[str, ...], actions: tuple[str, ...]
) -> Card:
    return Card(job.id, job.id, job.name, state, label, "", notes, None, actions, False)


def _book_card(reader: Reader, record: BookRecord, job: Job | None) -> Card:
    state, label, notes, actions = _state(reader, record, job)
    share = None
    if state not in ("ready", "foreign"):
        read = record.tokens
        if job is not None and job.progress is not None:
            read = job.progress.tokens
        share = read / record.total_tokens if record.total_tokens else 0.0
    openable = state != "foreign" and (state == "ready" or bool(share))
    return Card(
        key=record.id,
        job_id=job.id if job is not None else "",
        title=record.title,
        state=state,
        label=label,
        facts=_facts(reader, record),
        notes=notes,
        share=share,
        actions=actions,
        openable=openable,
    )


def _foreign(reader: Reader, record: BookRecord) -> str:
    """Why a book that another model read, or the same in another version, cannot be asked."""
    name = reader.engine.name
    if record.model_name == name:
        return f"Read with another version or precision of {name}; this one has not read it."
    return f"Read with {record.model_name}; {name} has not read it."


def _state(
    reader: Reader, record: BookRecord, job: Job | None
) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """(state, label, notes, actions) of a book."""
    if record.model_key != reader.engine.key:
        return "foreign", "Another model's", (_foreign(reader, record),), ("read", "delete")
    if job is not None and job.active:
        return _active(record, job)
    if record.state == "ready":
        return "ready", "Ready", (_coverage(record),), ("delete",)
    if record.state == "reading":
        note = f"{_coverage(record)}, by another program"
        return "reading", "Being read", (note,), ()
    if record.state == "failed":
        reason = job.reason if job is not None and job.reason else record.reason
        return "failed", "Failed", (reason, _coverage(record)), ("resume", "delete")
    label = "Stopped" if record.reason == STOPPED else "Not finished"
    return "stopped", label, (_coverage(record),), ("resume", "delete")


def _active(record: BookRecord, job: Job) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    if job.state != "reading":
        label = "Waiting" if not job.ahead else f"Waiting behind {count(job.ahead, 'book')}"
        notes = (_coverage(record),) if record.windows else ()
        return "waiting", label, notes, ("cancel",)
    if job.progress is None:
        return "reading", "Reading", ("Starting",), ("cancel",)
    return "reading", "Reading", _moving(job.progress), ("cancel",)


def _moving(progress: ReadingProgress) -> tuple[str, ...]:
    """Where a reading stands, and how fast it goes."""
    pages, windows = progress.pages, progress.windows
    where = f"window {windows:,} of {progress.total_windows:,}"
    if progress.total_pages:
        where = f"page {pages:,} of {progress.total_pages:,}, {where}"
    speed = f"{progress.tokens_per_second:,.0f} tokens/s"
    return where, f"{speed}, {duration(progress.seconds_left)} left"


def _facts(reader: Reader, record: BookRecord) -> str:
    """Pages, tokens, ratio and size on disk, in a line."""
    nbytes = record.nbytes
    if not nbytes:
        partial = reader.shelf.partial_path(record.id)
        nbytes = partial.stat().st_size if partial.exists() else 0
    parts = [
        count(record.pages, "page") if record.pages else "",
        tokens(record.total_tokens),
        record.condensing,
        size(nbytes) if nbytes else "",
    ]
    # No break between a number and its noun.
    return " · ".join(part.replace(" ", "\u00a0") for part in parts if part)


def _coverage(record: BookRecord) -> str:
    """How much of the text is in memory, plainly."""
    if record.state == "ready":
        return f"{whole(record)} read"
    return f"{record.windows:,} of {record.total_windows:,} windows read"
