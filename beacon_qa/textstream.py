"""Generated token ids to text, piece by piece: whole characters only, ended by stop strings.

Knows ids, and a function that turns them into text; knows nothing of models or templates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\ufffd"
"""What a decoder writes for a character whose bytes are not all there yet."""

_CONTEXT = 8
"""Ids decoded again before each new one: a token's text may depend on the one before it."""


class TextStream:
    """Takes ids one at a time and gives out text that later ids cannot change.

    With `stop` strings the text ends before the first of them, also when it spans tokens, and
    `stopped` says so. White space before the first word is neither given out nor stopped at:
    models begin with the space that stands before a word.
    """

    def __init__(self, to_text: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self._to_text = to_text
        self._stop = tuple(word for word in stop if word)
        self._ids: list[int] = []
        self._given = 0
        self._held = ""
        self._begun = False
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that is certain now, often empty."""
        self._ids.append(token)
        return self._release(self._new_text(last=False), last=False)

    def end(self) -> str:
        """What is left at the end, incomplete characters included."""
        return self._release(self._new_text(last=True), last=True)

    def _new_text(self, *, last: bool) -> str:
        start = max(self._given - _CONTEXT, 0)
        before = self._to_text(self._ids[start : self._given])
        text = self._to_text(self._ids[start:])
        if not last and text.endswith(_BROKEN):
            return ""
        self._given = len(self._ids)
        return text[len(before) :]

    def _release(self, text: str, *, last: bool) -> str:
        if self.stopped:
            return ""
        self._held += text
        if not self._begun:
            self._held = self._held.lstrip()
            self._begun = bool(self._held)
        ends = [place for word in self._stop if (place := self._held.find(word)) >= 0]
        if ends:
            self.stopped = True
            text, self._held = self._held[: min(ends)], ""
            return text
        keep = 0 if last else self._beginning_of_stop()
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def _beginning_of_stop(self) -> int:
        """The length of the longest end of the held text that may become a stop string."""
        longest = max((len(word) - 1 for word in self._stop), default=0)
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(word.startswith(self._held[-size:]) for word in self._stop):
                return size
        return 0
