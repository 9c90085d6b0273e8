"""What is measured for each shape: lengths, repeats, and why some are left out.

Lengths are tokens. `whole` and `plain` map a length to its repeats: a text read from start to end
with beacons, and by the plain model. `sampled` lengths are timed at a few depths and summed; one
of them is also read whole, to show how well the sum agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

K = 1024


@dataclass(frozen=True)
class Plan:
    """The measurements of one shape."""

    shape: str
    whole: Mapping[int, int]
    plain: Mapping[int, int]
    sampled: tuple[int, ...]
    decode_after: int = 64 * K
    reopen_at: int = 256 * K
    rounds: int = 3
    answer: int = 16
    questions: int = 8
    answer_together: int = 128
    looks: int = 9
    answer_looking: int = 24
    ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    steep: int = 32
    """A larger ratio whose curve is drawn beside the first, from samples."""

    device: str = "cpu"
    bits: int = 16
    reason: str = ""

    @property
    def title(self) -> str:
        """The shape's name in the report, with its quantization."""
        return f"{self.shape}-{self.bits}bit" if self.device != "cpu" else self.shape

    def all_lengths(self) -> list[int]:
        """Every length measured in any way, ascending."""
        return sorted({*self.whole, *self.plain, *self.sampled})


_LONG = "Full attention at the lengths left out takes longer than the whole run may."

BUILTIN = Plan(
    "builtin",
    whole={4 * K: 3, 16 * K: 2, 64 * K: 1},
    plain={4 * K: 3, 16 * K: 2, 64 * K: 1},
    sampled=(64 * K, 256 * K),
    reason="256K tokens are timed at three depths: read whole they take minutes. " + _LONG,
)

HUNDRED = Plan(
    "100m",
    whole={4 * K: 3, 16 * K: 1},
    plain={4 * K: 3, 16 * K: 1},
    sampled=(64 * K, 256 * K),
    reason="64K and 256K tokens are timed at three depths: read whole on two cores they take "
    "several minutes and about half an hour. " + _LONG,
)

SEVEN = Plan(
    "7b",
    whole={4 * K: 3, 16 * K: 2, 64 * K: 1},
    plain={4 * K: 3, 16 * K: 2, 64 * K: 1},
    sampled=(64 * K, 256 * K),
    rounds=2,
    questions=4,
    answer_together=16,
    looks=1,
    answer_looking=8,
    device="cuda:0",
    reason="256K tokens are timed at three depths, and full attention is left out there.",
)

SEVEN_4BIT = replace(
    SEVEN,
    whole={4 * K: 2, 16 * K: 1, 64 * K: 1},
    plain={4 * K: 2, 16 * K: 1, 64 * K: 1},
    sampled=(256 * K,),
    reopen_at=64 * K,
    bits=4,
)

QUICK = Plan(
    "tiny",
    whole={128: 2, 256: 1},
    plain={128: 2},
    sampled=(256, 512),
    decode_after=256,
    reopen_at=512,
    rounds=1,
    answer=3,
    questions=3,
    answer_together=4,
    looks=1,
    answer_looking=3,
    ratios=(2, 8),
    reason="A smoke test: its figures mean nothing.",
)


def plans(names: list[str], *, quick: bool, whole: bool) -> list[Plan]:
    """The plans of the named shapes; with `whole` nothing is sampled that could be read whole."""
    if quick:
        return [QUICK]
    known = {"builtin": [BUILTIN], "100m": [HUNDRED], "7b": [SEVEN, SEVEN_4BIT]}
    chosen = [plan for name in names for plan in known[name]]
    if not whole:
        return chosen
    return [replace(p, whole={**dict.fromkeys(p.sampled, 1), **p.whole}) for p in chosen]
