"""Where attention falls: the share that each entry of a memory gets from the tokens read on it.

For a few chosen heads the scores of a pass's queries against the memory's entries are taken once
more, made into shares among those entries alone, and added up over heads and tokens:

    score[entry] = sum over heads and tokens of softmax over entries (query . key x scaling)

so that a token with nothing to find spreads its share, and one that finds its match gives it there.
Knows tensors and heads; knows nothing of what the entries stand for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from torch import Tensor

from beacon_qa.beacon.heads import Head

_BLOCK = 1 << 24
"""The most scores made at once: a long prompt over a long memory is taken in parts."""


class Watch:
    """Adds up the attention that `heads` pay to the first `count` entries of a memory.

    Give it to a memory (`memory.watch = watch`) before reading on; `scores` is (count,), float32
    on the CPU, and `tokens` the number of tokens that looked. Only the tokens [first, end) in
    `counted`, places in the text that is read, have a say: a template's own words look at nothing
    in particular, and always at the same places.
    """

    def __init__(self, heads: Sequence[Head], count: int) -> None:
        self.heads: dict[int, list[int]] = {}
        for layer, head in heads:
            self.heads.setdefault(layer, []).append(head)
        self.count = count
        self.scores = torch.zeros(count)
        self.tokens = 0
        self.counted: list[tuple[int, int]] = [(0, sys.maxsize)]

    def settle(self, held: int) -> None:
        """From now on look at the first `held` entries only: those after them are condensed."""
        self.count = min(self.count, held)

    def rows(self, start: int, raw: int, beacons: Sequence[int]) -> tuple[int, ...]:
        """Which positions of a chunk count, whose `raw` tokens begin at place `start`."""
        hidden = set(beacons)
        places = [place for place in range(raw + len(beacons)) if place not in hidden]
        return tuple(
            place
            for token, place in enumerate(places, start)
            if any(first <= token < end for first, end in self.counted)
        )

    def see(
        self,
        layer: int,
        query: Tensor,
        key: Tensor,
        shared: tuple[Tensor, Tensor] | None,
        scaling: float | None,
    ) -> None:
        """Count the positions of one pass in one layer.

        query (1, heads, positions that count, head_dim); key (1, kv_heads, own entries, head_dim)
        follow the keys that are `shared`, if any.
        """
        if self.count == 0 or layer not in self.heads or not query.shape[2]:
            return
        if layer == min(self.heads):
            self.tokens += query.shape[2]
        stretches = [key] if shared is None else [shared[0], key]
        groups = query.shape[1] // key.shape[1]
        step = max(1, _BLOCK // self.count)
        for head in self.heads[layer]:
            keys = [part[0, head // groups] for part in stretches]
            for rows in torch.split(query[0, head], step):
                self.scores[: self.count] += self._shares(rows, keys, scaling).cpu()

    def _shares(self, rows: Tensor, keys: Sequence[Tensor], scaling: float | None) -> Tensor:
        """What each watched entry gets from these queries (tokens, head_dim), summed: (count,)."""
        size = rows.shape[-1]
        left, scores = self.count, []
        for part in keys:
            scores.append(rows @ part[:left].T)
            left -= scores[-1].shape[1]
        joined = torch.cat(scores, dim=1) if len(scores) > 1 else scores[0]
        return (joined.float() * (scaling or size**-0.5)).softmax(dim=1).sum(dim=0)
