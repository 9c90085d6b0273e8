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
        self._places: Tensor | None = None

    def narrow(self, entries: Tensor) -> None:
        """From now on look at a memory that holds only these entries (indices) of the first."""
        self._places, self.count = entries, len(entries)

    def settle(self, held: int) -> None:
        """From now on look at the first `held` entries only: those after them are condensed."""
        self.count = min(self.count, held)

    def rows(self, start: int, raw: Sequence[int]) -> tuple[int, ...]:
        """Which of the `raw` tokens' places in a pass count; the first stands at place `start`.

        Of tokens that come one by one every other counts: neighbours look at the same places, and
        each look reads keys once more.
        """
        if len(raw) == 1:
            return tuple(raw) if start % 2 == 0 and self._counts(start) else ()
        return tuple(place for token, place in enumerate(raw, start) if self._counts(token))

    def _counts(self, token: int) -> bool:
        return any(first <= token < end for first, end in self.counted)

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
        stretches = self._watched(key, shared)
        groups = query.shape[1] // key.shape[1]
        step = max(1, _BLOCK // self.count)
        for head in self.heads[layer]:
            keys = [part[0, head // groups] for part in stretches]
            for rows in torch.split(query[0, head], step):
                shares = self._shares(rows, keys, scaling).cpu()
                if self._places is None:
                    self.scores[: self.count] += shares
                else:
                    self.scores.index_add_(0, self._places[: self.count], shares)

    def _watched(self, key: Tensor, shared: tuple[Tensor, Tensor] | None) -> list[Tensor]:
        """The keys of the entries looked at: often those shared hold them all."""
        if shared is None:
            return [key[:, :, : self.count]]
        left = self.count - shared[0].shape[2]
        first = shared[0][:, :, : self.count]
        return [first, key[:, :, :left]] if left > 0 else [first]

    def _shares(self, rows: Tensor, keys: Sequence[Tensor], scaling: float | None) -> Tensor:
        """What each watched entry gets from these queries (tokens, head_dim), summed: (count,)."""
        scores = [rows @ part.T for part in keys]
        joined = torch.cat(scores, dim=1) if len(scores) > 1 else scores[0]
        shares = (joined.float() * (scaling or rows.shape[-1] ** -0.5)).softmax(dim=1)
        return shares[0] if len(shares) == 1 else shares.sum(dim=0)
