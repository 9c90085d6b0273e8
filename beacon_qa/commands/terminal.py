"""Where a command writes: results to standard output, all else to standard error.

Knows streams; knows nothing of what is written, and trusts none of it: control characters, with
which a book or an answer could command the terminal, are left out.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

_CONTROLS = {
    **dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)]),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
"""For `str.translate`: all control characters but tab and line end are left out, and what stands
for a byte that is no text is shown as such."""


def heard(words: str) -> str:
    """What was typed or handed in, with bytes that are no text in its encoding marked as such."""
    return words.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


class Terminal:
    """The two streams of a command."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self.out = out
        self.err = err

    @property
    def watched(self) -> bool:
        """Whether a person sees the notes."""
        return self.err.isatty()

    def say(self, text: str = "", end: str = "\n") -> None:
        """Write a result; it is seen at once."""
        self.out.write(text.translate(_CONTROLS) + end)
        self.out.flush()

    def data(self, value: Any) -> None:
        """Write a result as one line of JSON."""
        self.say(json.dumps(value, ensure_ascii=False))

    def note(self, text: str, end: str = "\n") -> None:
        """Write what is not part of the result."""
        self.err.write(text.translate(_CONTROLS) + end)
        self.err.flush()
