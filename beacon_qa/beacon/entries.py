"""Which tokens of the text each entry of a memory stands for: integers only.

A beacon at ratio r stands for the r raw tokens before it, a raw token for itself:

    entry    | sink | B      | B      | open window: R R R R B R R |
    tokens   | 0..s | 0..r-1 | r..2r-1|      each its own, B those of its group

Knows no tensors. Spec sections 5 to 7.
"""

from __future__ import annotations

from beacon_qa.beacon.windows import Clock

Span = tuple[int, int]
"""Tokens [first, end) of the text, the template's opening included."""


def entry_spans(clock: Clock) -> list[Span]:
    """The tokens behind each entry that a memory with this clock holds, in the entries' order."""
    window = clock.config.window
    spans: list[Span] = []
    if clock.closed:
        spans += [(token, token + 1) for token in range(clock.config.sink)]
    for number, ratio in enumerate(clock.closed):
        first, step = number * window, ratio or 1
        spans += [(start, start + step) for start in range(first, first + window, step)]
    first = len(clock.closed) * window
    for place in range(clock.in_window):
        spans.append((first + place, first + place + 1))
        if clock.ratio and (place + 1) % clock.ratio == 0:
            spans.append((first + place + 1 - clock.ratio, first + place + 1))
    return spans
