"""Ctrl-C where it could get lost: in what swallows it, and just before a line is waited for."""

from __future__ import annotations

import os
import pty
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from beacon_qa.commands.interrupt import at_once, line_of


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Ctrl-C as at a terminal: a shell starts what runs in the background with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """The side of a terminal that is typed at, and the stream a program reads."""
    typed, read = pty.openpty()
    with os.fdopen(read) as stream:
        yield typed, stream
    os.close(typed)


def press(done: list[str]) -> None:
    signal.raise_signal(signal.SIGINT)
    done.append("all of it")


def press_unheard(done: list[str]) -> None:
    with suppress(BaseException):
        press([])
    done.append("all of it")


def test_an_interrupt_that_is_swallowed_comes_again_at_the_end() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), at_once():
        press_unheard(done)
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_ends_at_once_what_does_not_swallow_it() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), at_once():
        press(done)
    assert not done


def test_without_an_interrupt_nothing_is_raised() -> None:
    with at_once():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_line_is_waited_for_and_several_at_once_are_all_read(
    terminal: tuple[int, TextIO],
) -> None:
    typed, stream = terminal
    os.write(typed, b"one\ntwo\n")
    assert [line_of(stream), line_of(stream)] == ["one\n", "two\n"]
    later = threading.Timer(0.5, os.write, (typed, b"three\n"))
    later.start()
    assert line_of(stream) == "three\n"
    later.join()


def test_a_signal_that_no_read_was_there_to_notice_ends_the_waiting(
    terminal: tuple[int, TextIO],
) -> None:
    typed, stream = terminal
    # As when it comes just before the read: the handler of another thread's signal wakes nobody.
    blocked = {signal.SIGINT}
    ended, late = threading.Event(), list[str]()

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
        time.sleep(0.5)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        if not ended.wait(5):
            late.append("only the next line ended it")
            os.write(typed, b"\n")

    signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    taker = threading.Thread(target=take)
    try:
        taker.start()
        with pytest.raises(KeyboardInterrupt):
            line_of(stream)
    finally:
        ended.set()
        taker.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    assert not late


def test_the_end_of_the_input_is_an_empty_line() -> None:
    with open(os.devnull) as stream:
        assert line_of(stream) == ""
