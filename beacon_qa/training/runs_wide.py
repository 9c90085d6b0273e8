"""The run on a GPU: the model grown, on batches ten times as large, of all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_clozed import ASKED_CONDENSED, VARIED
from beacon_qa.training.runs_condensed import CONDENSED
from beacon_qa.training.runs_echo import ECHO_ALONE
from beacon_qa.training.runs_worded import LONG_ROWS, ROWS

LAYERS = 6
"""Layers of the grown model."""


def _wide(rows: int, n: int, shares: Mapping[str, float], *, pointed: int = 0) -> Recipe:
    """A batch that is condensed, all of it with gradients, which few or no rows teach to point."""
    return Recipe(rows=rows, n=n, shares=shares, pointed=pointed)


def _plain(rows: int, n: int, kind: str) -> Recipe:
    return Recipe(rows=rows, n=n, shares={kind: 1.0}, plain=True)


_PROSE = _plain(192, 512, "varied"), _plain(96, 1024, "varied")
_CONDENSED = _wide(112, 1024, VARIED.shares)
_CONDENSED_LONG = _wide(30, 4096, VARIED.shares)
_CONDENSED_LONGER = _wide(15, 8192, VARIED.shares)
_MADE = _plain(448, 208, "clozed"), _plain(288, 320, "clozed"), _plain(192, 512, "clozed")
_MADE_CONDENSED = _wide(112, 1024, ASKED_CONDENSED.shares)
_SEVERAL = (
    _plain(576, 160, "several retold"),
    _plain(384, 240, "several retold"),
    _plain(288, 336, "several retold"),
)
_ECHO = _wide(224, 512, ECHO_ALONE.shares)

_FACTS = _wide(
    224, 512, {"planted": 0.4, "dense": 0.4, "looked": 0.1, "looked reading": 0.1}, pointed=32
)
_ROWS = _wide(112, 1024, ROWS.shares, pointed=16)
_LONG = _wide(56, 2048, LONG_ROWS.shares)
_LONGER_SHARES = {
    "interleaved": 0.25,
    "planted": 0.20,
    "distant": 0.40,
    "looked": 0.10,
    "looked reading": 0.05,
}
_LONGER = _wide(30, 4096, _LONGER_SHARES)
_LONGEST = _wide(15, 8192, _LONGER_SHARES)
_READ = Recipe(
    rows=56, n=4096, shares={"distant reading": 0.7, "distant looked": 0.3}, far=2048, pointed=8
)
_FAR = Recipe(rows=40, n=10240, shares={"distant": 0.7, "distant looked": 0.3}, far=8192, pointed=4)

_ROUND = (
    *(_PROSE[0], _LONGER, _MADE[0], _CONDENSED, _SEVERAL[0], _FACTS, _CONDENSED_LONG, _ECHO),
    *(_PROSE[1], _LONGER, _MADE[1], _CONDENSED, _SEVERAL[1], _LONG, _CONDENSED_LONG, _ROWS),
    *(_PROSE[0], _LONGER, _MADE[2], _CONDENSED, _SEVERAL[2], _FACTS, _CONDENSED_LONGER, _READ),
    *(_PROSE[1], _LONGER, _MADE_CONDENSED, _CONDENSED, _LONGEST, _FAR),
)

WIDE = (
    replace(
        CONDENSED[-1],
        until=1302,
        decay=1302,
        batches=_ROUND,
        learning_rate=1.4e-3,
        warmup=80,
        end=0.02,
        data_seed=201,
        seed=201,
    ),
)
"""Seven minutes of a GPU see three quarters of what all runs before saw in fifteen hours, and the
model has three times the weights. Questions that ask far back in a text have gradients through all
of it now. The rate fell by the clock, so that it would have fallen whenever the time was over:
nearly along this curve."""
