"""Choose the heads whose attention tells where a fact stands, and how sharp a find must be.

Every head of the model looks for facts planted in prose that is used for nothing else; the best
one is taken, then whichever helps most beside those taken, as long as one does. Chosen so on half
of the facts, they must find more of the other half than the heads the model has: a choice among
many on few facts fits those facts. Knows books and hidden facts; knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beacon_qa.beacon.entries import entry_spans
from beacon_qa.beacon.generate import attend
from beacon_qa.beacon.heads import MOST_HEADS, Head
from beacon_qa.beacon.watch import Watch
from beacon_qa.book import Book
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.asking import book_of
from beacon_qa.evaluation.hiding import Hidden, HidingPlace
from beacon_qa.evaluation.lookback import NOWHERE, rank_of
from beacon_qa.evidence.looking import PASSAGES, longest_passage

Curves = NDArray[np.float64]

_TRUSTED = 0.05
"""The share of right finds that may fall below the contrast at which a find is trusted."""


@dataclass(frozen=True)
class Calibration:
    """The heads, the share of facts they find in three passages, and the contrast.

    `kept` says that they are those the model had.
    """

    heads: tuple[Head, ...]
    found: float
    contrast: float
    kept: bool


@dataclass(frozen=True)
class _Case:
    """A question over a book and the attention of every head, (heads, entries)."""

    book: Book
    hidden: Hidden
    curves: Curves
    spans: Sequence[tuple[int, int]]

    def place(self, chosen: Sequence[int]) -> tuple[int, float]:
        """Where these heads together rank the fact, and the contrast of their best passage."""
        longest = longest_passage(self.book.engine.window)
        found = self.book.ground.evidence(
            self.curves[list(chosen)].sum(axis=0), self.spans, most=PASSAGES, longest=longest
        )
        return rank_of([(p.start, p.end) for p in found.passages], self.hidden), found.contrast


def calibrate(engine: Engine, places: Sequence[HidingPlace], ratio: int) -> Calibration:
    """The heads for one model; raises EvaluationError when none of them finds anything."""
    config, present = engine.model.config, engine.model.evidence_heads
    middle = [
        (layer, head)
        for layer in range(config.num_hidden_layers - 1)
        for head in range(config.num_attention_heads)
    ]
    every = list(dict.fromkeys([*middle, *present]))
    cases = [case for place in places for case in _cases(engine, place, ratio, every)]
    chosen = _chosen(cases[::2], len(middle))
    had = [every.index(head) for head in present]
    if _score(cases[1::2], had) >= _score(cases[1::2], chosen):
        chosen = had
    ranks, contrasts = zip(*(case.place(chosen) for case in cases), strict=True)
    right = sorted(c for rank, c in zip(ranks, contrasts, strict=True) if rank != NOWHERE)
    if not right:
        raise EvaluationError(f"No head of {engine.name} finds any of {len(cases)} planted facts.")
    return Calibration(
        tuple(every[head] for head in chosen),
        len(right) / len(cases),
        round(float(np.quantile(right, _TRUSTED)), 1),
        chosen == had,
    )


def _chosen(cases: Sequence[_Case], count: int) -> list[int]:
    """Of the first `count` heads those that help, best first, each beside those before it."""
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < MOST_HEADS:
        scores = {head: _score(cases, [*chosen, head]) for head in set(range(count)) - {*chosen}}
        head = max(scores, key=lambda h: scores[h])
        if scores[head] <= best:
            break
        best = scores[head]
        chosen.append(head)
    return chosen


def _score(cases: Sequence[_Case], chosen: Sequence[int]) -> float:
    """The mean of 1 for a first place, 1/2 for a second, 1/3 for a third."""
    ranks = [case.place(chosen)[0] for case in cases] if chosen else []
    return sum(1 / (rank + 1) for rank in ranks if rank != NOWHERE) / max(1, len(cases))


def _cases(engine: Engine, place: HidingPlace, ratio: int, every: Sequence[Head]) -> list[_Case]:
    book = book_of(engine, place.document, ratio)
    spans = entry_spans(book.memory.clock)[: book.memory.held]
    after = len(engine.prompts.layout.ask)
    cases = []
    for hidden in place.hidden:
        ids = engine.prompts.question(hidden.question)
        words = len(engine.prompts.asked(hidden.question))
        end = book.memory.tokens + len(ids)
        curves = []
        for head in every:
            watch = Watch([head], len(spans))
            watch.counted = [(end - after - words, end - after)]
            attend(engine.model, book.memory, ids, watch)
            curves.append(watch.scores.double().numpy())
        cases.append(_Case(book, hidden, np.stack(curves), spans))
    return cases
