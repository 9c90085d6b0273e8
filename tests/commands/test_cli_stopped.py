"""Commands that are ended from outside: Ctrl-C, kill -9, a pipe that is closed."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from readings import by_windows
from shell import Shell

from beacon_qa.engine import Engine
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf import Shelf


def wait_until(what: Any, process: subprocess.Popen[str]) -> None:
    while not what():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_ctrl_c_keeps_what_was_read_and_ends_with_code_130(
    shell: Shell, long_file: Path, engine: Engine
) -> None:
    shelf = Shelf(shell.shelf)
    process = shell.start("read", str(long_file))
    wait_until(lambda: [book for book in shelf.books() if book.tokens], process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Stopped: " in err
    assert "Traceback" not in err
    (record,) = shelf.books()
    assert record.state == "waiting"
    seen: list[ReadingProgress] = []
    by_windows(Reader(engine, shelf)).read(long_file, on_progress=seen.append)
    assert seen[0].windows == record.windows + 1 > 1


def test_a_killed_reading_goes_on_from_its_last_checkpoint(
    shell: Shell, long_file: Path, engine: Engine, tmp_path: Path
) -> None:
    shelf = Shelf(shell.shelf)
    process = shell.start("read", str(long_file), "--save-every", "0.05")
    partial = shell.shelf / "partial"
    wait_until(lambda: list(partial.glob("*.safetensors")), process)
    process.kill()
    process.communicate()
    (record,) = shelf.books()
    assert record.state == "waiting"
    seen: list[ReadingProgress] = []
    book = Reader(engine, shelf).read(long_file, on_progress=seen.append)
    assert 1 < seen[0].windows <= seen[-1].windows
    assert book.coverage.complete
    unbroken = Reader(engine, Shelf(tmp_path / "other")).read(long_file)
    assert book.memory.ratios == unbroken.memory.ratios
    assert book.ask("Who?").text == unbroken.ask("Who?").text
    assert not list(partial.iterdir())


def test_a_closed_pipe_is_no_error(shell: Shell, text_file: Path) -> None:
    shell("read", str(text_file))
    process = shell.start("ask", "whale", "Who?")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait() == 0
    process.stderr.close()
