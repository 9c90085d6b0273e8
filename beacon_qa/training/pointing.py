"""Teaches chosen heads to point: a question's attention to the beacons that hold what it asks for.

    text   ... r r r r B r r r r B r r r r B ...          question
                         ^ told here ^                    every word looks over all beacons

The lesson is the share of a question's attention that falls on the right entries, among those of
all texts of the batch, so that few windows teach to find a place among many:

    lesson = mean over questions of  - log (mean over heads and words of the share that is right)

It is what looking back ranks passages by. Knows spans and attention; knows nothing of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from beacon_qa.beacon.entries import entry_spans
from beacon_qa.beacon.heads import Head
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.watch import Watch

_LEAST = 1e-6


@dataclass(frozen=True)
class _Look:
    """The words that look in one chunk, all (words,): text, row in the pass, question; and where.

    `right` (words, texts x entries) marks what a word's question asks for.
    """

    texts: Tensor
    rows: Tensor
    questions: Tensor
    right: Tensor

    def to(self, device: torch.device) -> _Look:
        """The same, where the keys lie."""
        return _Look(*(getattr(self, part.name).to(device) for part in fields(self)))


class Pointing(Watch):
    """Watches a batch being read, with gradients, and tells how well its questions point.

    `points[row]` (questions, 4) are a row's questions and where they are answered, as spans. Rows
    behind those listed are not looked at.
    """

    def __init__(
        self, heads: Sequence[Head], memory: Memory, points: Sequence[NDArray[np.int64]]
    ) -> None:
        super().__init__(heads, 0)
        self._memory = memory
        self._points = [(text, *map(int, one)) for text, some in enumerate(points) for one in some]
        self._texts = len(points)
        self._look: _Look | None = None
        self._mass: Tensor | None = None
        self._words = torch.zeros(len(self._points))

    def settle(self, held: int) -> None:
        """Nothing to forget: what is looked at is chosen anew for each chunk."""

    def rows(self, start: int, raw: Sequence[int]) -> tuple[int, ...]:
        """Which of the raw tokens' places any row's question looks from (see `Watch.rows`)."""
        self._look = None
        self.count = self._memory.held
        spans = np.array(entry_spans(self._memory.clock)[: self.count]).reshape(-1, 2)
        words: list[tuple[int, int, int]] = []
        right: list[NDArray[np.bool_]] = []
        for number, (text, first, end, told, after) in enumerate(self._points):
            looking = range(max(first, start), min(end, start + len(raw)))
            if not looking:
                continue
            entries = (spans[:, 0] < after) & (spans[:, 1] > told)
            if not entries.any():
                continue
            marks = np.zeros((self._texts, self.count), np.bool_)
            marks[text] = entries
            words += [(text, raw[token - start], number) for token in looking]
            right += [marks.reshape(-1)] * len(looking)
        if not words:
            return ()
        taken = sorted({place for _, place, _ in words})
        row = {place: index for index, place in enumerate(taken)}
        texts, at, questions = zip(*words, strict=True)
        self._look = _Look(
            torch.tensor(texts),
            torch.tensor([row[place] for place in at]),
            torch.tensor(questions),
            torch.from_numpy(np.stack(right)),
        )
        counts = torch.bincount(self._look.questions, minlength=len(self._points))
        self._words = self._words + counts * sum(map(len, self.heads.values()))
        return tuple(taken)

    def see(
        self,
        layer: int,
        query: Tensor,
        key: Tensor,
        shared: tuple[Tensor, Tensor] | None,
        scaling: float | None,
    ) -> None:
        """Add up what falls on the right entries; query (texts, heads, positions, head_dim)."""
        if self._look is None:
            return
        look = self._look = self._look.to(query.device)
        groups = query.shape[1] // key.shape[1]
        chosen = self.heads[layer]
        words = query[look.texts, :, look.rows][:, chosen].transpose(0, 1)
        keys = key[: self._texts, [head // groups for head in chosen], : self.count]
        keys = keys.transpose(0, 1).flatten(1, 2)
        scores = (words @ keys.transpose(1, 2)).float() * (scaling or query.shape[-1] ** -0.5)
        found = (scores.softmax(dim=-1) * look.right).sum(dim=(0, 2))
        if self._mass is None:
            self._mass = found.new_zeros(len(self._points))
        self._mass = self._mass.index_add(0, look.questions, found)

    def lesson(self) -> Tensor | None:
        """The mean of - log of the right share over the questions that looked; None: none did."""
        if self._mass is None:
            return None
        asked = self._words > 0
        shares = self._mass[asked] / self._words[asked].to(self._mass)
        return -(shares + _LEAST).log().mean()
