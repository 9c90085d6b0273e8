"""The page served by a process of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brake import Brake
from gradio_client import Client

from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord

PASSWORD = "a longer secret"
PATIENCE = 120.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """A page that is served by a process of its own: its address, its shelf, its brake."""

    app: subprocess.Popen[str]
    address: str
    folder: Path
    brake: Brake

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.folder)

    def client(self, user: str = "") -> Client:
        auth = (user, PASSWORD) if user else None
        return Client(self.address, verbose=False, auth=auth)

    def end(self, number: signal.Signals) -> int:
        self.app.send_signal(number)
        self.app.communicate(timeout=PATIENCE)
        return self.app.returncode


def serve(model: Path, folder: Path, *more: str) -> Served:
    """Start the program as a user does, and wait until it says where it is."""
    brake = Brake(folder.with_name("brake"))
    program = [sys.executable, "tests/brake.py", str(brake.file), "--port", "0"]
    app = subprocess.Popen(
        [*program, "--model", str(model), "--device", "cpu", "--shelf", str(folder), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # The page must start where a proxy is set, too; this one is not there.
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HTTP_PROXY": "http://127.0.0.1:9"},
    )
    assert app.stdout is not None
    address = next(word for word in app.stdout.readline().split() if word.startswith("http"))
    return Served(app, address, folder, brake)


def until(shelf: Shelf, met: Callable[[BookRecord], bool]) -> BookRecord:
    """The first book of a shelf that is as wanted, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for record in shelf.books():
            if met(record):
                return record
        time.sleep(0.1)
    raise AssertionError(f"no such book: {shelf.books()}")
