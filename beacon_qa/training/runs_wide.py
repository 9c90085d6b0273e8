"""The run on a GPU: the model grown, on batches ten times as large, of all that was before.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from beacon_qa.training.batches import Recipe
from beacon_qa.training.runs_clozed import ASKED_CONDENSED
from beacon_qa.training.runs_condensed import CONDENSED
from beacon_qa.training.runs_worded import LONG_ROWS, ROWS

LAYERS = 6
"""Layers of the grown model."""

_POINTED = 1 << 14
"""Tokens of a batch whose questions teach the evidence heads: each is told from all the others."""


def _wide(rows: int, n: int, shares: Mapping[str, float], *, far: int = 0) -> Recipe:
    return Recipe(rows=rows, n=n, shares=shares, far=far, pointed=max(4, _POINTED // n))


def _plain(rows: int, n: int, kind: str) -> Recipe:
    return Recipe(rows=rows, n=n, shares={kind: 1.0}, plain=True)


_PROSE = _plain(192, 512, "varied"), _plain(96, 1024, "varied")
_CONDENSED = _wide(112, 1024, {"varied": 1.0})
_CONDENSED_LONG = _wide(32, 4096, {"varied": 1.0})
_PROSE_FAR = _wide(24, 9216, {"varied": 1.0}, far=8192)
_ASKED = _plain(448, 208, "clozed"), _plain(288, 320, "clozed"), _plain(192, 512, "clozed")
_ASKED_CONDENSED = _wide(112, 1024, ASKED_CONDENSED.shares)
_SEVERAL = (
    _plain(576, 160, "several retold"),
    _plain(384, 240, "several retold"),
    _plain(288, 336, "several retold"),
)
_READ = _wide(40, 4096, {"distant reading": 0.7, "distant looked": 0.3}, far=2048)
_FACTS = _wide(224, 512, {"planted": 0.4, "dense": 0.4, "looked": 0.1, "looked reading": 0.1})
_ROWS = _wide(112, 1024, ROWS.shares)
_LONG = _wide(56, 2048, LONG_ROWS.shares)
_LONGER = _wide(
    32,
    4096,
    {"interleaved": 0.25, "planted": 0.25, "distant": 0.35, "looked": 0.1, "looked reading": 0.05},
)
_BEHIND = _wide(40, 4096, {"distant": 0.8, "distant looked": 0.2}, far=2048)
_BEHIND_FAR = _wide(20, 10240, {"distant": 0.8, "distant looked": 0.2}, far=8192)
_ECHO = _wide(224, 512, {"echo": 1.0})

_FIRST = (
    _PROSE[0],
    _LONGER,
    _ASKED[0],
    _CONDENSED,
    _SEVERAL[0],
    _FACTS,
    _CONDENSED_LONG,
    _ECHO,
    _PROSE[1],
    _BEHIND,
)
_SECOND = (
    _ASKED[1],
    _CONDENSED,
    _LONG,
    _SEVERAL[1],
    _PROSE[0],
    _READ,
    _LONGER,
    _CONDENSED,
    _ASKED_CONDENSED,
    _ROWS,
)
_THIRD = (
    _PROSE[0],
    _BEHIND,
    _ASKED[2],
    _CONDENSED,
    _SEVERAL[2],
    _LONGER,
    _PROSE_FAR,
    _FACTS,
    _PROSE[1],
    _BEHIND_FAR,
)

WIDE = (
    replace(
        CONDENSED[-1],
        until=1,
        decay=1,
        batches=(*_FIRST, *_SECOND, *_THIRD),
        learning_rate=1.4e-3,
        warmup=80,
        data_seed=201,
        seed=201,
    ),
)
