"""Ctrl-C as a request: work ends at its next step, and what was done is kept.

Knows signals, and the line that is waited for when one comes.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TextIO


class Stopped(Exception):
    """A command was stopped by Ctrl-C; the message says what is kept."""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C was pressed; pressed twice it interrupts at once.

    Works in the main thread, as signals do.
    """
    asked = Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ending() -> Iterator[Event]:
    """Yield an event that is set by Ctrl-C, or the signal TERM; in the main thread."""
    asked = Event()

    def handle(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def typed(stream: TextIO) -> str:
    """The next line of standard input; empty at its end.

    At a terminal Ctrl-C ends the wait for it whenever it strikes; in the main thread.
    """
    if os.name == "posix" and stream.isatty():
        _await(stream)
    return stream.readline()


def _await(stream: TextIO) -> None:
    """Wait until a line has been typed, or a signal has come.

    Python looks for signals before it waits, not while: one that comes in between would be told
    only after the next line. So a signal also writes to a pipe that is waited for too.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.set_wakeup_fd(wake)
    try:
        select.select([stream.fileno(), woken], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wake)
