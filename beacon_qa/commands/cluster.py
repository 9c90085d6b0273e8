"""`--engine ray`: what the commands do with a cluster, and how its work is seen.

Knows arguments and the terminal; what workers do is in the room of the cluster.
"""

from __future__ import annotations

import argparse
import io
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from beacon_qa.cluster.connecting import connected, crew
from beacon_qa.cluster.job import Job
from beacon_qa.cluster.lease import leasing
from beacon_qa.cluster.library import read_library
from beacon_qa.commands.interrupt import ending, interruptible
from beacon_qa.commands.terminal import Terminal
from beacon_qa.keys import Keys
from beacon_qa.server.limits import Limits
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.storage import expanded
from beacon_qa.wanted import Outcome, Wanted

_LOG = logging.getLogger(__name__)

_PAUSE = 5.0
"""Seconds between two lines about what is being read."""

_WAIT = 1.0
"""Seconds between two looks at whether a signal has come."""


def job_of(args: argparse.Namespace, shelf: Shelf, lease: Path) -> Job:
    """What the workers are to do it with; a model's folder is named in full."""
    model = args.model
    if model is not None and expanded(model).is_dir():
        model = str(expanded(model).resolve())
    return Job(
        shelf=str(shelf.root),
        lease=str(lease),
        model=model,
        bits=args.bits,
        device=args.device,
        ratio=args.ratio,
        quota=shelf.quota,
        save_every=getattr(args, "save_every", 30.0),
        look_back=getattr(args, "look_back", "auto"),
        password=getattr(args, "password", None),
    )


@contextmanager
def _connected(args: argparse.Namespace) -> Iterator[Any]:
    """Ray, which prints where results go: what it says goes to the log."""
    with redirect_stdout(_ToLog()), connected(args.cluster) as ray:
        yield ray


class _ToLog(io.TextIOBase):
    """A stream whose lines are noted in the log."""

    def write(self, text: str) -> int:
        if text.strip():
            _LOG.info("%s", text.strip())
        return len(text)


def read_on_cluster(
    args: argparse.Namespace, shelf: Shelf, wanted: Sequence[Wanted], terminal: Terminal
) -> Iterator[Outcome]:
    """Read with the workers of a cluster; Ctrl-C stops them, each after the window at hand."""
    with _connected(args) as ray, interruptible() as stop, ExitStack() as held:
        team = crew(ray.nodes(), args.workers, spread=args.device == "auto")
        lease = held.enter_context(leasing(shelf))
        terminal.note(f"Reading with {team.workers} workers ...")
        look = _Look(shelf, wanted, terminal)

        def on_look() -> None:
            if stop():
                held.close()  # the workers see it, and come to an end
            look()

        job = job_of(args, shelf, lease)
        for outcome in read_library(job, wanted, team, retries=args.retries, on_look=on_look):
            look.done += 1
            yield outcome


def serve_on_cluster(
    args: argparse.Namespace, shelf: Shelf, limits: Limits, keys: Keys | None, terminal: Terminal
) -> None:
    """Serve with replicas on a cluster until Ctrl-C, or a signal to end."""
    from beacon_qa.cluster.replicas import replicas  # here: who only reads needs no server

    with _connected(args) as ray, ending() as ended, ExitStack() as held:
        team = crew(ray.nodes(), args.workers, spread=args.device == "auto")
        lease = held.enter_context(leasing(shelf))
        job = job_of(args, shelf, lease)
        path = None if keys is None else keys.path.resolve()
        if terminal.watched:
            terminal.note(f"Starting {team.workers} replicas ...")
        with replicas(job, team, limits, host=args.host, port=args.port, keys=path) as url:
            terminal.say(f"Beacon QA is at {url} (Ctrl-C ends it)")
            while not ended.wait(_WAIT):
                pass
            held.close()  # the replicas see it, and begin to end


class _Look:
    """Notes now and then how far the books are that are being read."""

    def __init__(self, shelf: Shelf, wanted: Sequence[Wanted], terminal: Terminal) -> None:
        self.done = 0
        self._shelf = shelf
        self._sources = {one.source for one in wanted}
        self._total = len(wanted)
        self._terminal = terminal
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last < _PAUSE:
            return
        self._last = time.monotonic()
        now = [
            f"{record.title} window {record.windows}/{record.total_windows}"
            for record in self._shelf.books()
            if record.state == "reading" and record.source in self._sources
        ]
        told = "; ".join(now) or "workers are starting"
        self._terminal.note(f"{self.done} of {self._total} done. Now: {told}")
