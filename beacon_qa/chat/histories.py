"""What was said before, kept as memories, so that a conversation that grew is not read anew.

Knows token ids and memories; knows nothing of messages. Bounded: the history used longest ago is
dropped first, and one too large for the bound is not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from beacon_qa.beacon import Memory

Key = tuple[str, ...]
"""What a history was read after: a model, and a book as far as it was read or nothing."""


class Histories:
    """Memories of conversations, at most `nbytes` of them; may be used from several threads."""

    def __init__(self, nbytes: int = 1 << 30) -> None:
        self.nbytes = nbytes
        self._kept: OrderedDict[tuple[Key, tuple[int, ...]], Memory] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Key, ids: Sequence[int]) -> tuple[int, Memory | None]:
        """The longest beginning of `ids` that was read after `key`: its length and its memory."""
        wanted = tuple(ids)
        with self._lock:
            found = [
                (len(said), (known, said))
                for known, said in self._kept
                if known == key and wanted[: len(said)] == said
            ]
            if not found:
                return 0, None
            size, entry = max(found)
            self._kept.move_to_end(entry)
            return size, self._kept[entry]

    def keep(self, key: Key, ids: Sequence[int], memory: Memory) -> None:
        """Keep the memory of `ids` read after `key`; it must not be written to any more."""
        if memory.nbytes > self.nbytes:
            return
        with self._lock:
            self._kept[key, tuple(ids)] = memory
            self._kept.move_to_end((key, tuple(ids)))
            while sum(memory.nbytes for memory in self._kept.values()) > self.nbytes:
                self._kept.popitem(last=False)
