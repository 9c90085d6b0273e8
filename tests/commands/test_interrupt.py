"""Ctrl-C that strikes just before a program waits for a line is not lost."""

from __future__ import annotations

import os
import pty
import signal
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

from beacon_qa.commands.interrupt import typed

_SOON = 0.3
_LATE = 20.0
"""Seconds after which a line comes, so that what waits for ever fails and does not hang."""


@pytest.fixture
def keyboard() -> Iterator[tuple[int, TextIO]]:
    """Where keys are pressed, and a terminal where they are read."""
    outside, inside = pty.openpty()
    with os.fdopen(inside) as stream:
        yield outside, stream
    os.close(outside)


@pytest.fixture
def late_line(keyboard: tuple[int, TextIO]) -> Iterator[threading.Timer]:
    timer = threading.Timer(_LATE, lambda: os.write(keyboard[0], b"late\n"))
    timer.start()
    yield timer
    timer.cancel()


def _strike() -> None:
    # The kernel gives it to this thread: no wait of the main one is broken off by it, as none is
    # by a signal that came just before.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A signal soon, which interrupts; SIGINT may be ignored where the tests run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(_SOON, _strike)
    timer.start()
    yield
    timer.join()
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_wait_for_a_line(
    keyboard: tuple[int, TextIO], late_line: threading.Timer
) -> None:
    with pytest.raises(KeyboardInterrupt):
        typed(keyboard[1])
    assert late_line.is_alive()


def test_lines_are_read_as_they_are_typed_and_nothing_at_their_end(
    keyboard: tuple[int, TextIO],
) -> None:
    os.write(keyboard[0], b"Who?\nWhen?\n")
    assert [typed(keyboard[1]), typed(keyboard[1])] == ["Who?\n", "When?\n"]
    os.write(keyboard[0], b"\x04")
    assert typed(keyboard[1]) == ""


def test_lines_of_a_pipe_are_read_too() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"Who?\nWhen?\n")
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert [typed(stream) for _ in range(3)] == ["Who?\n", "When?\n", ""]
