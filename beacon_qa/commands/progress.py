"""A reading as it is seen: a moving bar for a person, a line now and then for a log.

Knows progress values and rich; knows nothing of models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from beacon_qa.commands.terminal import Terminal
from beacon_qa.reading import ReadingProgress

_PAUSE = 5.0
"""Seconds between two lines of a log."""

Watch = Callable[[ReadingProgress], None]


@contextmanager
def watching(terminal: Terminal, title: str) -> Iterator[Watch]:
    """Yield a function that shows a progress when called with it."""
    if terminal.watched:
        with _bar(terminal, title) as watch:
            yield watch
    else:
        yield _lines(terminal, title)


@contextmanager
def _bar(terminal: Terminal, title: str) -> Iterator[Watch]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
    )
    console = Console(file=terminal.err)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(_short(title), total=None, state="starting")

        def watch(progress: ReadingProgress) -> None:
            bar.update(
                task,
                total=progress.total_tokens,
                completed=progress.tokens,
                state=describe(progress),
            )

        yield watch


def _lines(terminal: Terminal, title: str) -> Watch:
    last = time.monotonic()

    def watch(progress: ReadingProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= _PAUSE:
            last = time.monotonic()
            terminal.note(f"{title}: {describe(progress)}")

    return watch


def describe(progress: ReadingProgress) -> str:
    """Windows, pages, speed and time left, in a line."""
    parts = [f"window {progress.windows}/{progress.total_windows}"]
    if progress.total_pages:
        parts.append(f"page {progress.pages}/{progress.total_pages}")
    parts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
    parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"


def _short(title: str) -> str:
    return title if len(title) <= 32 else title[:31] + "…"
