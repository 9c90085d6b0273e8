"""When a reading is saved: early at first, then ever more seldom, and never at a great price.

Knows clocks and memory files; knows nothing of texts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.memory_file import save_memory

_FIRST = 1.0
"""Seconds until the first save: then a reading that is killed early is not lost either."""

_SHARE = 20
"""A pause is at least this many times what the last save took: 5 % of the time at most."""

_STRETCH = 10
"""Whatever a save takes, a pause is at most this many times `save_every`."""


def next_pause(pause: float, cost: float, save_every: float) -> float:
    """Seconds until the next save, after one that took `cost` seconds and a pause of `pause`.

    Twice the last pause and at most `save_every`, unless a slow disk asks for more. 0 saves
    after each pass.
    """
    return max(min(2 * pause, save_every), min(_SHARE * cost, _STRETCH * save_every))


class Saving:
    """Saves one memory at one place, with a note in its header, when it is due."""

    def __init__(self, path: Path, note: Mapping[str, str], save_every: float) -> None:
        self._path, self._note, self._every = path, note, save_every
        self._pause = min(_FIRST, save_every)
        self._last = time.monotonic()

    def save_if_due(self, memory: Memory) -> None:
        """Save after the pause; raises MemoryFileError if the disk refuses."""
        if time.monotonic() - self._last > self._pause:
            self.save(memory)

    def save(self, memory: Memory) -> None:
        """Save now; raises MemoryFileError if the disk refuses."""
        begun = time.monotonic()
        save_memory(memory, self._path, self._note)
        self._last = time.monotonic()
        self._pause = next_pause(self._pause, self._last - begun, self._every)
