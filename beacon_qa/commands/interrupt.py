"""Ctrl-C as a request: work ends at its next step, and what was done is kept.

Knows signals, and the streams that a signal must wake.
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
def at_once() -> Iterator[None]:
    """Ctrl-C interrupts what is done here at once, also where a library drops the exception.

    C code that clears whatever error it meets would drop this one too: it is raised again at the
    end. Works in the main thread.
    """
    asked = Event()

    def handle(number: int, frame: FrameType | None) -> None:
        asked.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked.is_set():
        raise KeyboardInterrupt


def line_of(stream: TextIO) -> str:
    """The next line of a stream, waited for so that Ctrl-C ends the waiting whenever it comes.

    A signal in the moment before a blocking read begins would be seen only after the next line.
    """
    # A terminal hands out one line a read, so that none can be waiting where select does not look.
    while os.name == "posix" and stream.isatty() and not select.select([stream], [], [], 0.2)[0]:
        pass
    return stream.readline()


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
