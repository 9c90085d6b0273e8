"""From a place in cleaned text back to the place it was copied from.

Knows positions only: runs of characters that were copied in one piece. Knows nothing of why a
character was dropped, nor of formats.

    raw      Run-    ning  text\\n            a run is copied character by character, so three
    cleaned  Running text                    pairs of numbers describe the whole line
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class OffsetMap:
    """Where each run of cleaned text starts, in the cleaned text and in the raw text.

    Raw positions count over all pages in order; `page_starts` cuts them into pages.
    """

    cleaned: tuple[int, ...]
    raw: tuple[int, ...]
    page_starts: tuple[int, ...]
    length: int

    def to_raw(self, offset: int) -> int:
        """Return the raw position that the cleaned character at `offset` came from."""
        if not self.cleaned:
            return 0
        run = max(bisect_right(self.cleaned, offset) - 1, 0)
        return self.raw[run] + offset - self.cleaned[run]

    def to_cleaned(self, raw: int) -> int:
        """Return the first cleaned offset at or after the raw position."""
        run = bisect_left(self.raw, raw)
        if run == 0:
            return 0
        end = self.cleaned[run] if run < len(self.cleaned) else self.length
        return min(self.cleaned[run - 1] + raw - self.raw[run - 1], end)

    def page_of(self, raw: int) -> int:
        """Return the index of the page that holds the raw position."""
        return max(bisect_right(self.page_starts, raw) - 1, 0)

    def to_json(self) -> dict[str, list[int] | int]:
        """Return differences between neighbours: small numbers make a small file."""
        return {
            "cleaned": _differences(self.cleaned),
            "raw": _differences(self.raw),
            "pages": _differences(self.page_starts),
            "length": self.length,
        }

    @classmethod
    def from_json(cls, value: dict[str, list[int] | int]) -> OffsetMap:
        """Rebuild a map from what `to_json` returned."""

        def sums(name: str) -> tuple[int, ...]:
            numbers = value[name]
            return tuple(accumulate(numbers)) if isinstance(numbers, list) else ()

        length = value["length"]
        if not isinstance(length, int):
            raise TypeError("length")
        return cls(sums("cleaned"), sums("raw"), sums("pages"), length)


class TracedText:
    """Text being written, with the raw position of each piece."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._cleaned: list[int] = []
        self._raw: list[int] = []
        self._length = 0
        self._next_raw = -1

    def copy(self, piece: str, raw: int) -> None:
        """Append characters that stand one for one at `raw` and after."""
        if not piece:
            return
        if raw != self._next_raw:
            self._cleaned.append(self._length)
            self._raw.append(raw)
        self._pieces.append(piece)
        self._length += len(piece)
        self._next_raw = raw + len(piece)

    def replace(self, piece: str, raw: int) -> None:
        """Append characters that all stand for what begins at `raw`."""
        for character in piece:
            self.copy(character, raw)

    def finish(self, page_starts: Sequence[int]) -> tuple[str, OffsetMap]:
        """Return the text and its map."""
        pages = tuple(page_starts)
        runs = OffsetMap(tuple(self._cleaned), tuple(self._raw), pages, self._length)
        return "".join(self._pieces), runs


def _differences(numbers: Sequence[int]) -> list[int]:
    return [b - a for a, b in zip((0, *numbers), numbers, strict=False)]
