"""Perplexity by length: does more text read give better predictions, and than what else?

Knows losses, and how they are told; how they are measured is in scoring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict

from beacon_qa.evaluation.intervals import Estimate, mean_of
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.plots import Lines
from beacon_qa.evaluation.scoring import (
    FULL,
    MIXED,
    SEEN,
    STREAMING,
    TRUNCATED,
    Lengths,
    Scored,
    score_all,
)
from beacon_qa.evaluation.tables import figures, perplexity, table, written

NAME = "perplexity"
_QUICK = (1, 4, 16)

Cell = Callable[[str], Sequence[float]]
Losses = dict[tuple[str, int | None], list[float]]
"""By way and windows the loss at each place, always in the same order of places."""


def measure(wanted: Wanted) -> Outcome:
    """Score held-out prose by length and ratio; raises EvaluationError where it is too short."""
    lengths = Lengths(
        places=wanted.count(5, 2),
        windows=wanted.within(_QUICK if wanted.quick else Lengths.windows, Lengths.scored),
        ratios=wanted.some_ratios,
        seed=wanted.seed,
    )
    scores = score_all(
        wanted.engine, wanted.prose, lengths, on_score=lambda scored: wanted.done(NAME)
    )
    return told(scores, lengths, wanted.engine.window)


def told(scores: Sequence[Scored], lengths: Lengths, window: int) -> Outcome:
    """The tables, plot and headlines of these scores."""
    losses = by_cell(scores)
    others = _others(losses, lengths)
    tokens = lengths.scored * window - 1
    text = "\n\n".join(
        (
            f"Nats a token (perplexity): the same {tokens} tokens in every cell, at each of "
            f"{lengths.places} places of {len({one.title for one in scores})} held-out texts. A "
            f"window has {window} tokens; “mixed” takes the ratios in turn.",
            table(["windows read before", "sees", "loss (perplexity)"], _baselines(losses)),
            _by_length(losses, lengths.windows, _mean),
            f"After {max(lengths.windows)} windows, the loss less that of others at the same "
            "places, with its 95% interval (below 0 is better):",
            table(["ratio", *(what for what, _ in others)], _differences(losses, others)),
        )
    )
    found = {"lengths": asdict(lengths), "scores": [asdict(one) for one in scores]}
    cells = [
        {"way": way, "windows": windows, "loss": figures(mean_of(cell))}
        for (way, windows), cell in losses.items()
    ]
    return Outcome(
        NAME,
        "Perplexity by length",
        text,
        {**found, "cells": cells},
        headlines=_headlines(losses, lengths),
        plots={NAME: _plot(losses, lengths.windows)},
    )


def by_cell(scores: Sequence[Scored]) -> Losses:
    """The losses of each way and length, place by place."""
    losses: Losses = {}
    for one in sorted(scores, key=lambda one: one.place):
        losses.setdefault((one.way, one.windows), []).append(one.loss)
    return losses


def ways_of(losses: Losses) -> list[str]:
    """The ways that were measured by length: full attention, the ratios in order, mixed."""
    ways = {way for way, windows in losses if windows is not None}
    ratios = sorted((way for way in ways if way.isdigit()), key=int)
    return [way for way in (FULL, *ratios, MIXED) if way in ways]


def _baselines(losses: Losses) -> list[list[str]]:
    return [
        [name, SEEN[way], _mean(losses[way, None])]
        for way, name in ((TRUNCATED, "plain, truncated"), (STREAMING, "plain, sliding with sinks"))
    ]


def _by_length(
    losses: Losses, windows: Sequence[int], cell: Callable[[Sequence[float]], str]
) -> str:
    rows = [
        [name(way), *(cell(losses[way, n]) if (way, n) in losses else "" for n in windows)]
        for way in ways_of(losses)
    ]
    return table(["ratio \\ windows", *map(str, windows)], rows)


def name(way: str) -> str:
    """How a way is called in tables."""
    return "none (full attention)" if way == FULL else way


def _mean(cell: Sequence[float]) -> str:
    return perplexity(mean_of(cell).value)


def difference(cell: Sequence[float], base: Sequence[float]) -> Estimate:
    """The mean difference at the same places."""
    return mean_of([a - b for a, b in zip(cell, base, strict=True)])


def _less(cell: Sequence[float], base: Sequence[float]) -> str:
    return written(difference(cell, base), "+.3f")


def _others(losses: Losses, lengths: Lengths) -> list[tuple[str, Cell]]:
    """What the longest text is compared with, and how to find its losses for a ratio."""
    few, most = min(lengths.windows), max(lengths.windows)
    others: list[tuple[str, Cell]] = [
        (f"against {few} window{'s' * (few > 1)}", lambda way: losses[way, few]),
        ("against truncated", lambda way: losses[TRUNCATED, None]),
        ("against sliding with sinks", lambda way: losses[STREAMING, None]),
    ]
    if (FULL, most) in losses:
        others.append(("against full attention", lambda way: losses[FULL, most]))
    return others


def _differences(losses: Losses, others: Sequence[tuple[str, Cell]]) -> list[list[str]]:
    most = max(windows for _, windows in losses if windows is not None)
    return [
        [name(way), *(_less(losses[way, most], base(way)) for _, base in others)]
        for way in ways_of(losses)
        if (way, most) in losses
    ]


def _headlines(losses: Losses, lengths: Lengths) -> list[str]:
    """The paper's claim in its own terms, at ratio 8 or the middle one."""
    ratio = str(8 if 8 in lengths.ratios else lengths.ratios[len(lengths.ratios) // 2])
    most = max(lengths.windows)
    last = losses[ratio, most]
    against = (f"{_less(last, base(ratio))} {what}" for what, base in _others(losses, lengths))
    value = math.exp(mean_of(last).value)
    return [
        f"Perplexity at ratio {ratio} after {most} windows: {value:.1f}; loss {', '.join(against)}."
    ]


def _plot(losses: Losses, windows: Sequence[int]) -> Lines:
    lines = {
        way if way in (FULL, MIXED) else f"ratio {way}": [
            mean_of(losses[way, n]) if (way, n) in losses else None for n in windows
        ]
        for way in ways_of(losses)
    }
    # The spread between places is the same in all lines; only the means are drawn.
    bare = {
        way: [v and Estimate(v.value, None, v.items) for v in line] for way, line in lines.items()
    }
    level = {way: mean_of(losses[way, None]).value for way in (TRUNCATED, STREAMING)}
    return Lines(
        "Loss on the same tokens, by how much was read before them",
        "windows read before",
        "nats a token",
        [str(n) for n in windows],
        bare,
        level,
    )
