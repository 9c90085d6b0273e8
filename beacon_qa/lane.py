"""One lane to the models of this process: one forward pass at a time, first come, first served.

A reading holds the lane for one pass, of one window while others want the lane too, and an answer
for one token, so that a question asked while a book is being read is answered in between, and no
job waits for another to end. Knows threads, and how to hook a module; knows nothing of what a model
computes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, get_ident
from typing import Any


class Lane:
    """A lock that is handed on in the order it was asked for; a thread must not nest its turns."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Event] = deque()
        self._taken = False
        self._holder: int | None = None

    @property
    def taken(self) -> bool:
        """Whether someone holds the lane now: a short turn is then polite."""
        return self._taken

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the lane, hold it, and hand it to whoever has waited longest."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def attach(self, model: Any) -> None:
        """Make every forward pass of a module take a turn, whichever thread runs it."""

        def before(module: Any, args: Any) -> None:
            self._enter()

        def after(module: Any, args: Any, output: Any) -> None:
            # Also called when a pass is interrupted before it got its turn.
            if self._holder == get_ident():
                self._leave()

        model.register_forward_pre_hook(before)
        model.register_forward_hook(after, always_call=True)

    def _enter(self) -> None:
        with self._guard:
            if self._taken:
                place = Event()
                self._waiting.append(place)
            else:
                self._taken = True
                place = None
        if place is not None:
            self._wait(place)
        self._holder = get_ident()

    def _wait(self, place: Event) -> None:
        try:
            place.wait()
        except BaseException:
            # Interrupted: give up the place, or the turn if it has just come.
            with self._guard:
                waiting = place in self._waiting
                if waiting:
                    self._waiting.remove(place)
            if not waiting:
                self._leave()
            raise

    def _leave(self) -> None:
        with self._guard:
            self._holder = None
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False


MODEL_LANE = Lane()
"""The lane of this process: models share its processors and its memory."""
