"""A brake for readings: a test lets a few windows be read, acts, and lets the rest go on.

How far a reading has come when a test acts then depends on the test alone, not on the machine.
Only readings at the desk are held: questions are answered meanwhile. While it is on, readings take
the model for busy, and go window by window. The brake is a file, so that it also works on a
program of its own:

    python tests/brake.py FILE [arguments of app.py]

serves the page with readings that the brake in FILE can hold.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread
from typing import Any

from beacon_qa.lane import Lane

PATIENCE = 120.0
_THREAD = "desk-read"


class Brake:
    """Holds readings while its file exists; in the file is how many windows may be read first."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def hold(self, after: int) -> None:
        """Hold readings once `after` more windows are read."""
        new = self.file.with_suffix(".new")
        new.write_text(str(after))
        new.replace(self.file)

    def wait_until_held(self) -> None:
        """Wait until the windows that may be read are read."""
        end = time.monotonic() + PATIENCE
        while self.file.read_text() != "held":
            if time.monotonic() > end:
                raise AssertionError("no reading came to the brake")
            time.sleep(0.02)

    def release(self) -> None:
        """Let readings go on."""
        self.file.unlink(missing_ok=True)

    @contextmanager
    def on(self, model: Any) -> Iterator[Brake]:
        """Put the brake on a model of this process; it is taken off, and released, at the end."""
        # Before the lane's own hook: what is held must not hold up questions.
        hook = model.register_forward_pre_hook(lambda *_: self.pass_through(), prepend=True)
        taken = Lane.taken
        self.crowd()
        try:
            yield self
        finally:
            self.release()
            hook.remove()
            Lane.taken = taken  # type: ignore[method-assign]

    def crowd(self) -> None:
        """Let readings see the lane as taken while the brake is on."""
        taken = Lane.taken.fget  # type: ignore[attr-defined]
        seen = property(lambda lane: self.file.exists() or taken(lane))
        Lane.taken = seen  # type: ignore[method-assign, assignment]

    def pass_through(self) -> None:
        """Called before each pass of the model: wait here if it is a window that is held."""
        while current_thread().name == _THREAD and self.file.exists():
            try:
                left = self.file.read_text()
                if left not in ("0", "held"):
                    self._write(str(int(left) - 1))
                    return
                if left == "0":
                    self._write("held")
            except FileNotFoundError:
                return
            time.sleep(0.02)

    def _write(self, words: str) -> None:
        """Write into the file, unless it is gone meanwhile."""
        with open(os.open(self.file, os.O_WRONLY | os.O_TRUNC), "w") as stream:
            stream.write(words)


def _serve(file: Path, arguments: list[str]) -> None:
    from torch.nn import Module
    from torch.nn.modules.module import register_module_forward_pre_hook

    brake = Brake(file)

    def before(module: Module, args: Any) -> None:
        # These hooks run before a module's own; the whole model is meant, not its parts.
        if type(module).__name__.endswith("ForCausalLM"):
            brake.pass_through()

    register_module_forward_pre_hook(before)
    brake.crowd()
    sys.argv = ["app.py", *arguments]
    sys.path.insert(0, str(Path(__file__).parents[1]))
    runpy.run_path(str(Path(__file__).parents[1] / "app.py"), run_name="__main__")


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2:])
