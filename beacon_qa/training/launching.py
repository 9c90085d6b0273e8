"""Start a command several times on this machine, as processes that train together.

Knows processes, ports and signals; knows nothing of training. Each gets its place by the
environment variables that accelerate and torchrun set too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import IO

import torch

from beacon_qa.errors import TrainingError

_TOLD = (0, 2, 130, -signal.SIGTERM)
"""Exit codes of which the first process tells all there is to say."""
_WAIT = 0.2
_GRACE = 5.0
"""Seconds the others have after one of them failed."""


def launch(count: int, words: Sequence[str]) -> int:
    """Run `beacon-qa` with these words in `count` processes, and return the exit code.

    The first one has the terminal. Ctrl-C goes to all of them; when one fails the others are
    ended, and what it said is told. Raises TrainingError for more processes than GPUs.
    """
    gpus = torch.cuda.device_count()
    if gpus and count > gpus and "cpu" not in words:
        raise TrainingError(f"There are {gpus} GPUs for {count} processes; start {gpus} at most.")
    port = _free_port()
    running: list[subprocess.Popen[bytes]] = []
    with ExitStack() as open_files, _passing_on(running):
        told = [open_files.enter_context(tempfile.TemporaryFile()) for _ in range(1, count)]
        for rank, said in enumerate([None, *told]):
            running.append(_start(rank, count, port, words, said))
        codes = _ended(running)
        for code, said in zip(codes[1:], told, strict=True):
            if code not in _TOLD:
                said.seek(0)
                sys.stderr.write(said.read().decode(errors="replace"))
    return next((code for code in codes if code > 0), 1 if any(codes) else 0)


def _start(
    rank: int, count: int, port: int, words: Sequence[str], said: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count))}
    return subprocess.Popen(
        [sys.executable, "-m", "beacon_qa", *words],
        env={**threads, **os.environ, **address, **{key: str(v) for key, v in place.items()}},
        stdout=None if said is None else subprocess.DEVNULL,
        stderr=said,
        # Signals reach it through this process alone, once.
        start_new_session=True,
    )


def _ended(running: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    """The exit codes, once all have ended; soon after a failure the others are made to end."""
    failed: float | None = None
    while any(process.poll() is None for process in running):
        if any(process.poll() not in (None, 0, 130) for process in running):
            # All of them meet a wrong argument: the first one has the time to say so.
            failed = failed or time.monotonic()
            if time.monotonic() - failed > _GRACE:
                for process in running:
                    process.terminate()
        time.sleep(_WAIT)
    return [process.wait() for process in running]


@contextmanager
def _passing_on(running: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Inside, Ctrl-C and a request to end go to the processes, which end as they would alone."""

    def send(number: int, frame: FrameType | None) -> None:
        for process in running:
            if process.poll() is None:
                process.send_signal(number)

    before = {number: signal.signal(number, send) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
