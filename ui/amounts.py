"""Numbers as people read them: bytes, seconds, counts.

Knows how to write numbers; knows nothing of what they count.
"""

from __future__ import annotations


def size(nbytes: float) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if nbytes < 1000 or unit == "GB":
            break
        nbytes /= 1000
    return f"{nbytes:.0f} {unit}" if unit == "bytes" or nbytes >= 100 else f"{nbytes:.1f} {unit}"


def count(number: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tokens(number: int) -> str:
    """A number of tokens, shortened from a thousand on."""
    if number < 1000:
        return count(number, "token")
    if number < 999_500:
        return f"{number / 1000:.0f}k tokens"
    return f"{number / 1e6:.1f}M tokens"


def roughly(seconds: float) -> str:
    """A time that was estimated, no finer than it is known: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s" if seconds < 10 else f"{round(seconds, -1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
