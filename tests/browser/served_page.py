"""The page as a program of its own: started as a user does, ended, or killed.

Knows processes, addresses and the program's log; knows nothing of browsers.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from brake import Brake
from gradio_client import Client, handle_file

from beacon_qa.shelf import Shelf

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


@dataclass
class ServedPage:
    """A running page: its process and address, the folder of its shelf, its log, its arguments.

    The brake holds its readings.
    """

    app: subprocess.Popen[str]
    address: str
    folder: Path
    log: Path
    arguments: tuple[str, ...]
    brake: Brake

    @property
    def shelf(self) -> Shelf:
        """The shelf as it is on disk."""
        return Shelf(self.folder)

    def read(self, file: Path) -> str:
        """Have a file read to its end, without a browser; returns the book's id."""
        client = Client(self.address, verbose=False, analytics_enabled=False)
        report = client.predict(handle_file(str(file)), "auto", "", api_name="/read")
        client.close()
        return str(report["book"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns how it ended."""
        if self.app.poll() is None:
            self.app.send_signal(number)
        self.app.communicate(timeout=PATIENCE)
        return self.app.returncode

    def restart(self) -> None:
        """Start the program anew at the same address, on the same shelf."""
        port = urlsplit(self.address).port or 0
        self.app = serve(self.folder, self.log, *self.arguments, port=port).app

    def complaints(self) -> list[str]:
        """What the log tells of errors.

        Left out is what gradio says when a tab is gone before its first event was answered.
        """
        reports = re.split(r"^(?=ERROR|WARNING)", self.log.read_text("utf-8"), flags=re.MULTILINE)
        errors = [r for r in reports if "Traceback" in r or r.startswith("ERROR")]
        return [r for r in errors if not ("in sse_stream" in r and "HTTPException: 404" in r)]


def serve(folder: Path, log: Path, *arguments: str, port: int = 0) -> ServedPage:
    """Start app.py with a shelf and a brake, and wait until it says where it is.

    Port 0 is a free one.
    """
    brake = Brake(log.with_name("brake"))
    program = [sys.executable, "tests/brake.py", str(brake.file)]
    command = [*program, "--port", str(port), "--shelf", str(folder), *arguments]
    with log.open("a", encoding="utf-8") as stream:
        app = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    assert app.stdout is not None
    said = app.stdout.readline()
    address = next((word for word in said.split() if word.startswith("http")), "")
    assert address, f"The page did not start: {said}{log.read_text(encoding='utf-8')}"
    return ServedPage(app, address, folder, log, arguments, brake)
