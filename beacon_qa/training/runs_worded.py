"""The last two runs: composed wordings and passages read alone, then the beacons by themselves.

Knows numbers; the making of samples and the training are other rooms' work.
"""

from __future__ import annotations

from dataclasses import replace

from beacon_qa.training.runs_asking import (
    READ_ROWS,
    RECALL,
    RECALL_LONG_ROWS,
    RECALL_READ,
    RECALL_READ_FAR,
    SHORT_ROWS,
    far,
)
from beacon_qa.training.runs_echo import ECHO_FACTS, every_other

ROWS = replace(
    SHORT_ROWS,
    shares={"prose": 0.08, "planted": 0.27, "dense": 0.35, "looked": 0.25, "records": 0.05},
)
LONG_ROWS = replace(
    RECALL_LONG_ROWS,
    shares={
        "interleaved": 0.30,
        "planted": 0.20,
        "looked": 0.25,
        "looked reading": 0.15,
        "prose": 0.10,
    },
)

_WORDED = replace(
    RECALL[0],
    until=487,
    decay=1050,
    batches=(
        RECALL_READ,
        ROWS,
        READ_ROWS,
        ROWS,
        RECALL_READ,
        LONG_ROWS,
        READ_ROWS,
        ROWS,
        RECALL_READ_FAR,
        far(14336),
    ),
    ratios=(2, 4, 4, 8, 8, 8, 8, 16, 16, 32),
    plain_share=0.15,
    wordings="wild",
    data_seed=67,
    seed=61,
)

WORDED = (_WORDED, replace(_WORDED, until=820, decay=820))
"""Facts told and asked in sentences that are put together anew each time, so that their meaning is
learnt and not a list of wordings; passages read again alone, with what stands around them. Its
second phase lets the learning rate fall to its end."""

BEACONS = (
    replace(
        _WORDED,
        until=280,
        decay=280,
        batches=every_other(ECHO_FACTS, RECALL_READ, ROWS, LONG_ROWS),
        weights=replace(_WORDED.weights, repeat=0.5),
        plain_share=0.0,
        attention_scale=1.0,
        warmup=10,
        base=False,
        data_seed=71,
        seed=67,
    ),
)
"""Windows told again, every other batch, behind a frozen base: the run before had lost half of what
was copied through memory, and this gives it back in ten minutes at no cost to the plain model."""

BEACONS_KEPT = 0.5
"""How much is kept of that: all of it costs perplexity and passages read again, half hardly any."""

WORDED_KEPT = 0.7
"""How much is kept of both runs together: all of it reads tales less well."""
