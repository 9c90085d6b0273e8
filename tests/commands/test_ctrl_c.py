"""Ctrl-C at a real terminal: a clean line, exit code 130, nothing lost, no traceback."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors import safe_open

from beacon_qa.cli import main
from beacon_qa.shelf import Shelf

CTRL_C = "\x03"
_ENTER = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal that of the session, so that its keys become signals, and goes on as told.

A shell starts what runs in the background with SIGINT ignored, and the tests may run there.
"""
_PATIENCE = 120.0
"""Seconds without any output after which a program hangs."""


class AtTerminal:
    """`beacon-qa` in a terminal of its own; `screen` is all that was written there so far."""

    def __init__(self, words: list[str], home: Path, notes: Path | None) -> None:
        self.screen = ""
        self._terminal, inside = pty.openpty()
        errors = inside if notes is None else os.open(notes, os.O_WRONLY | os.O_CREAT)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ENTER, sys.executable, "-m", "beacon_qa", *words],
            env={**os.environ, "XDG_DATA_HOME": str(home), "TERM": "xterm", "COLUMNS": "80"},
            stdin=inside,
            stdout=inside,
            stderr=errors,
            start_new_session=True,
        )
        os.close(inside)

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Until `pattern` has been written after what was there before."""
        start = len(self.screen)
        self.wait_until(lambda: re.search(pattern, self.screen[start:], re.DOTALL) is not None)

    def wait_until(self, reached: Callable[[], bool]) -> None:
        last = time.monotonic()
        while not reached():
            read = self._read()
            assert read is not None, f"it ended after:\n{self.screen}"
            last = time.monotonic() if read else last
            assert time.monotonic() - last < _PATIENCE, f"it hangs after:\n{self.screen}"

    def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        last = time.monotonic()
        while (read := self._read()) is not None:
            last = time.monotonic() if read else last
            assert time.monotonic() - last < _PATIENCE, f"it does not end after:\n{self.screen}"
        os.close(self._terminal)
        assert "Traceback" not in self.screen
        assert "Exception" not in self.screen
        code = self.process.wait()
        # Python dies by the signal when it struck inside an exec(); for a shell that is 130 too.
        code = 130 if code == -signal.SIGINT else code
        assert code in (0, 130), f"exit code {code} after:\n{self.screen}"
        return code

    def _read(self) -> str | None:
        """What came within a moment; None at the end."""
        if not select.select([self._terminal], [], [], 0.1)[0]:
            return ""
        try:
            read = os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:  # what Linux says when the other side is closed
            return None
        self.screen += read
        return read or None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def at_terminal(home: Path) -> Iterator[Callable[..., AtTerminal]]:
    """Start a command; one that is still there when a test fails is killed."""
    started: list[AtTerminal] = []

    def start(*words: object, notes: Path | None = None) -> AtTerminal:
        started.append(AtTerminal([str(word) for word in words], home, notes))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def book(
    tiny_checkpoint: Path, text_file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The words that name a book which has been read, its model, and very long answers."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    model = ["--model", str(tiny_checkpoint), "--device", "cpu"]
    assert main(["read", str(text_file), *model]) == 0
    return [str(text_file), *model, "--max-tokens", "3000"]


Start = Callable[..., AtTerminal]


def test_a_stopped_reading_says_what_is_kept_and_goes_on_from_there(
    tiny_checkpoint: Path, tmp_path: Path, at_terminal: Start
) -> None:
    text = tmp_path / "long.txt"
    text.write_text("\n\n".join(f"Sentence {number} tells of whales." for number in range(1800)))
    kept = 0
    for _ in range(2):
        run = at_terminal("read", text, "--model", tiny_checkpoint, "--device", "cpu")
        run.wait_for(r"window \d+/\d+")
        first = re.search(r"window (\d+)/", run.screen)
        assert first is not None
        assert int(first[1]) > kept
        run.type(CTRL_C)
        assert run.end() == 130
        said = re.search(r"\nStopped: (\d+) of \d+ windows of long are read and kept;", run.screen)
        assert said is not None
        # At most a few windows between the key and its effect: none was read again.
        assert int(said[1]) >= int(first[1])
        kept = int(said[1])


def test_a_stopped_answer_ends_on_a_line_of_its_own(book: list[str], at_terminal: Start) -> None:
    name, *settings = book
    run = at_terminal("ask", name, "Who?", *settings, "--look-back", "off")
    run.wait_for(r"\x1b\[\?25h.*\x1b\[2K\w+")  # where the bar was
    run.type(CTRL_C)
    assert run.end() == 130
    assert not re.search(r"window \d", run.screen)  # it was read before
    assert run.screen.endswith("\r\nStopped: the answer is not complete.\r\n")


def test_ctrl_c_at_the_end_of_a_reading_is_not_lost(book: list[str], at_terminal: Start) -> None:
    run = at_terminal("ask", book[0], "Who?", *book[1:])
    run.wait_for("starting")
    run.type(CTRL_C)
    assert run.end() == 130
    assert re.search(r"\r\nStopped: .*\.\r\n$", run.screen)


def test_a_stopped_answer_of_a_conversation_is_kept_and_the_conversation_goes_on(
    book: list[str], at_terminal: Start
) -> None:
    run = at_terminal("chat", *book, "--look-back", "off")
    run.wait_for("\n> ")
    run.type("Who?\n")
    run.wait_for(r"Who\?\r\n.*\w+")
    run.type(CTRL_C)
    run.wait_for(r"\r\n\(stopped\)\r\n.*\n> ")
    run.type(CTRL_C)
    assert run.end() == 130
    assert run.screen.endswith("\r\nStopped.\r\n")


@pytest.mark.parametrize(("said", "left"), [("n", 1), ("y", 0)])
def test_a_person_is_asked_before_a_book_is_removed(
    said: str, left: int, book: list[str], home: Path, at_terminal: Start
) -> None:
    # Also where the notes go to a file.
    run = at_terminal("shelf", "remove", book[0], notes=home / "notes")
    run.wait_until(lambda: "[y/N]" in (home / "notes").read_text())
    run.type(f"{said}\n")
    assert run.end() == 0
    assert len(Shelf(home / "beacon-qa").books()) == left


def test_a_stopped_summary_ends_on_a_line_of_its_own(
    chatting_checkpoint: Path, text_file: Path, at_terminal: Start
) -> None:
    model = ["--model", chatting_checkpoint, "--device", "cpu"]
    run = at_terminal("summarize", text_file, *model, "--max-tokens", "3000")
    run.wait_for(r"# whale\r\n\r\n.*\w+")
    run.type(CTRL_C)
    assert run.end() == 130
    assert run.screen.endswith("\r\nStopped: the summary is not complete.\r\n")


def test_a_model_that_is_being_loaded_is_dropped_at_once(
    book: list[str], at_terminal: Start
) -> None:
    run = at_terminal("ask", book[0], "Who?", *book[1:])
    run.wait_for("Loading the model")
    run.type(CTRL_C)
    assert run.end() == 130
    assert run.screen.endswith("\r\nStopped.\r\n")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_stopped_training_keeps_its_steps(
    processes: int, tiny_checkpoint: Path, text_file: Path, tmp_path: Path, at_terminal: Start
) -> None:
    out = tmp_path / "out"
    log = out / "training" / "log.jsonl"
    words = ["train", "--base", tiny_checkpoint, "--texts", text_file.parent, "--out", out]
    words += ["--steps", 10**6, "--tokens", 128, "--device", "cpu", "--processes", processes]
    run = at_terminal(*words)
    run.wait_until(lambda: log.exists() and log.read_text().count("\n") > 1)
    run.type(CTRL_C)
    assert run.end() == 130
    done = len(log.read_text().splitlines())
    assert f"\r\n{done} of 1000000 steps done; the model is in " in run.screen
    assert run.screen.endswith("\r\nStopped. The same command carries on.\r\n")
    with safe_open(out / "training" / "checkpoint.safetensors", framework="pt") as kept:
        assert kept.metadata() == {"step": str(done)}
    assert (out / "model.safetensors").exists()
