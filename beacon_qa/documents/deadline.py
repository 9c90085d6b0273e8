"""Interrupt a piece of parsing that takes too long, so that the rest can still be read.

Knows the interval timer of the process. Works on the main thread of a Unix process, which the
parsing process is; elsewhere the limits of that process are the only ones.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlow(BaseException):
    """A piece of parsing passed its deadline.

    Not an Exception: parsers catch those and carry on.
    """


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TooSlow inside the block once `seconds` have passed."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    if not on_main_thread or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise TooSlow
