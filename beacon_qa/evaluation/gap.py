"""The part of a text's help that survives condensing, and the same with the base in 4 bits.

    gap closed = (loss without context - loss with beacons) / (loss without context - loss in full)

1 is as good as the whole text under full attention, 0 no better than no text. Knows losses, and
how they are told; how they are measured is in scoring.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from beacon_qa.engine import Engine
from beacon_qa.errors import BeaconError
from beacon_qa.evaluation.asking import fits, remember
from beacon_qa.evaluation.intervals import Estimate, mean_of, ratio_of
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.perplexity import Losses, by_cell, difference, name, ways_of
from beacon_qa.evaluation.scoring import FULL, Lengths, score_all
from beacon_qa.evaluation.tables import figures, perplexity, table, written

NAME = "gap"
WINDOWS = 8
"""Windows of context, or as many as full attention reaches."""


def measure(wanted: Wanted) -> Outcome:
    """The gap closed by ratio, as loaded and in 4 bits; EvaluationError for too short a text."""
    engine = wanted.engine
    windows = next((n for n in range(WINDOWS, 1, -1) if fits(engine, (n + 1) * engine.window)), 1)
    lengths = Lengths(
        places=wanted.count(24, 4),
        windows=(0, windows),
        scored=1,
        ratios=wanted.some_ratios,
        baselines=False,
        seed=wanted.seed,
    )
    whole = _losses(wanted, engine, lengths)
    parts = [_told(whole, lengths, engine.window)]
    found: dict[str, Any] = {"lengths": asdict(lengths), "as loaded": _figures(whole)}
    quantized = _in_four_bits(engine)
    if isinstance(quantized, Engine):
        four = _losses(wanted, quantized, lengths)
        parts.append(_four_told(whole, four, windows))
        found["4 bits"] = _figures(four)
    else:
        parts.append(quantized)
    closed = {way: closed_gap(whole, way, windows) for way in ways_of(whole) if way != FULL}
    said = "; ".join(f"{_ratio(way)}: {_percents(gap)}" for way, gap in closed.items())
    return Outcome(
        NAME,
        "Gap closed",
        "\n\n".join(parts),
        found,
        headlines=[f"Part of the gap closed with {windows} windows of context: {said}."],
    )


def closed_gap(losses: Losses, way: str, windows: int) -> Estimate | None:
    """The part of the gap that a way of reading closes; None where the text does not help."""
    without, full, beacons = losses[FULL, 0], losses[FULL, windows], losses[way, windows]
    return ratio_of(
        [a - b for a, b in zip(without, beacons, strict=True)],
        [a - b for a, b in zip(without, full, strict=True)],
    )


def _losses(wanted: Wanted, engine: Engine, lengths: Lengths) -> Losses:
    def count(_: object) -> None:
        wanted.done(NAME)

    return by_cell(score_all(engine, wanted.prose, lengths, on_score=count))


def _in_four_bits(engine: Engine) -> Engine | str:
    """The same checkpoint with its base in 4 bits, or a sentence on why not."""
    if engine.model.identity.bits == "4":
        return "The base was loaded in 4 bits; load it in 16 to compare the two."
    device = str(engine.model.lm_head.weight.device)
    try:
        four = Engine.load(engine.model.identity.name, bits=4, device=device)
        # A shape that cannot be cut into its blocks is found out only when it is run.
        remember(four, list(engine.prompts.layout.stop_ids), 0)
    except (BeaconError, ImportError, RuntimeError, ValueError) as error:
        return f"The base could not be used in 4 bits, to compare: {error}"
    return four


def _told(losses: Losses, lengths: Lengths, window: int) -> str:
    windows = max(lengths.windows)
    rows = [
        [
            name(way),
            perplexity(mean_of(losses[way, windows]).value),
            _percents(closed_gap(losses, way, windows)),
        ]
        for way in ways_of(losses)
    ]
    without = perplexity(mean_of(losses[FULL, 0]).value)
    return (
        f"Nats a token (perplexity) over the same {window - 1} tokens at {lengths.places} places, "
        f"{windows} windows of context. Without context: {without}. In brackets the 95% interval."
        f"\n\n{table(['ratio', 'loss', 'gap closed'], rows)}"
    )


def _four_told(whole: Losses, four: Losses, windows: int) -> str:
    rows = [
        [
            name(way),
            *(perplexity(mean_of(one[way, windows]).value) for one in (whole, four)),
            written(difference(four[way, windows], whole[way, windows]), "+.3f"),
            *(_percents(closed_gap(one, way, windows)) for one in (whole, four)),
        ]
        for way in ways_of(whole)
    ]
    without = written(difference(four[FULL, 0], whole[FULL, 0]), "+.3f")
    head = ["ratio", "loss", "loss, 4 bits", "more by", "gap closed", "gap closed, 4 bits"]
    return (
        f"The same beacons beside a base in 4 bits, {windows} windows of context (without context "
        f"4 bits cost {without}):\n\n{table(head, rows)}"
    )


def _percents(gap: Estimate | None) -> str:
    return written(gap, ".0%")


def _ratio(way: str) -> str:
    return f"ratio {way}" if way.isdigit() else way


def _figures(losses: Losses) -> list[dict[str, Any]]:
    return [
        {
            "way": way,
            "windows": windows,
            "loss": figures(mean_of(cell)),
            "gap closed": figures(closed_gap(losses, way, windows)) if windows else None,
        }
        for (way, windows), cell in losses.items()
        if windows is not None
    ]
