"""The condensing ratio a text is read at: as asked for, or chosen so that the text fits.

Knows a model's numbers and a text's length; knows nothing of texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from beacon_qa.beacon import choose_ratio
from beacon_qa.beacon.config import check_ratios
from beacon_qa.beacon.windows import RESERVE
from beacon_qa.errors import ModelError
from beacon_qa.machine.costs import kept_keys

Ratio = Literal["auto"] | int | Sequence[int]

KEPT_WHOLE = 2
"""Windows up to which a text is not condensed unless asked to be: that would save little room
beside the window that is open while it is read, and raw tokens are read better."""


def schedule_for(
    model: Any, ratio: Ratio, tokens: int, memory_budget: int | None = None
) -> tuple[int, ...]:
    """The ratios, cycled window by window, for a text of `tokens`.

    "auto" is 0, nothing condensed, for a text of `KEPT_WHOLE` windows or less, and else the
    smallest of the model's ratios at which the text fits its positions and `memory_budget` bytes.
    Raises ModelError or ConfigError when the text does not fit.
    """
    beacon = model.beacon
    if isinstance(ratio, str):
        budget = tokens if memory_budget is None else memory_budget // model.bytes_per_key
        if tokens <= min(KEPT_WHOLE * beacon.window, beacon.positions - RESERVE, budget):
            return (0,)
        chosen = choose_ratio(
            tokens,
            ratios=beacon.ratios,
            window=beacon.window,
            positions=beacon.positions,
            sink=beacon.sink,
            bytes_per_key=model.bytes_per_key,
            memory_budget=memory_budget,
        )
        return (chosen,)
    given = (ratio,) if isinstance(ratio, int) else tuple(ratio)
    schedule = check_ratios(given, beacon.window)
    kept = kept_keys(tokens, schedule, beacon.window) + beacon.sink
    if kept > beacon.positions:
        raise ModelError(
            f"At ratio {written(schedule)} a text of {tokens} tokens takes {kept} positions, and "
            f'the model has {beacon.positions}; take a larger ratio, or "auto".'
        )
    return schedule


def written(ratio: Ratio) -> str:
    """A ratio as the shelf writes it: a number, or numbers joined by commas."""
    return str(ratio) if isinstance(ratio, int | str) else ",".join(map(str, ratio))


def parsed(text: str) -> tuple[int, ...]:
    """What `written` wrote, as a schedule."""
    return tuple(int(part) for part in text.split(","))
