"""Loss on the same tokens of held-out books, by how much text before them was read, and how.

Knows a model, ids and windows; knows nothing of files or tables.

At each place of a book a few windows of tokens are scored, the same under every condition:

    a ratio, n windows     the n windows before them condensed; "mixed" takes the ratios in turn
    full, n windows        the n windows before them kept whole (full attention)
    truncated              the plain model, which sees half a window before each token, or more
    sinks                  the plain model with a sliding window and attention sinks

The scored windows are read one after another, so that the later ones have up to as many windows
more before them. The first token of all is left out everywhere: nothing stands for its prediction
in a memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from beacon_qa.beacon import Memory
from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import Condensing, fits, remember
from beacon_qa.evaluation.prose import Prose, draw_stretch
from beacon_qa.evaluation.streaming import SINKS, sliding_loss

FULL, TRUNCATED, STREAMING, MIXED = "full attention", "truncated", "sinks", "mixed"


@dataclass(frozen=True)
class Lengths:
    """What is measured: windows before the scored ones, how many are scored, at how many places."""

    places: int = 5
    windows: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 100)
    scored: int = 8
    ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    mixed: bool = True
    baselines: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """The loss (nats a token) at one place; `way` is a ratio as a word, or one of those above.

    `windows` is None where the way itself says how much is seen.
    """

    place: int
    title: str
    way: str
    windows: int | None
    loss: float


def score_all(
    engine: Engine,
    texts: Sequence[Prose],
    lengths: Lengths,
    *,
    on_score: Callable[[Scored], None] = lambda scored: None,
) -> list[Scored]:
    """Score every place after every length of text in every way.

    Raises EvaluationError when no text is long enough for the largest length.
    """
    found = []
    for place in range(lengths.places):
        rng = random.Random(f"{lengths.seed}/{place}")
        text, end = draw_stretch(texts, _most(lengths) * engine.window, rng)
        for way, windows, loss in _score_place(engine, text.ids[:end], lengths):
            found.append(Scored(place, text.title, way, windows, loss))
            on_score(found[-1])
    return found


def _most(lengths: Lengths) -> int:
    return max(lengths.windows) + lengths.scored


def _score_place(
    engine: Engine, ids: Sequence[int], lengths: Lengths
) -> Iterator[tuple[str, int | None, float]]:
    window = engine.window
    cut = len(ids) - lengths.scored * window
    before, target = ids[:cut], ids[cut:]
    if lengths.baselines:
        yield TRUNCATED, None, truncated_loss(engine, before, target)
        whole = ids[len(ids) - _most(lengths) * window :]
        yield STREAMING, None, sliding_loss(engine.model, whole, len(target) - 1, window=window)
    ways: dict[str, Condensing] = {FULL: 0, **{str(ratio): ratio for ratio in lengths.ratios}}
    if lengths.mixed and len(lengths.ratios) > 1:
        ways[MIXED] = lengths.ratios
    for way, ratio in ways.items():
        for windows in lengths.windows:
            if way == FULL and not fits(engine, (windows + lengths.scored) * window):
                continue
            yield way, windows, _after(engine, before, target, windows, ratio)


def _after(
    engine: Engine, before: Sequence[int], target: Sequence[int], windows: int, ratio: Condensing
) -> float:
    """The loss of the target after the last `windows` windows of what stands before it."""
    memory = engine.model.new_memory(ratio)
    if windows:
        # The text and its opening fill whole windows, so that the target begins one.
        kept = windows * engine.window - len(engine.prompts.layout.opening)
        memory = remember(engine, before[len(before) - kept :], ratio)
    return loss_of(engine.model, target, memory, len(target) - 1)


def truncated_loss(engine: Engine, before: Sequence[int], target: Sequence[int]) -> float:
    """The plain model's loss of the target, half a window at a time after half a window of text.

    The first token of the target is not counted.
    """
    half = engine.window // 2
    text = [*before[len(before) - half :], *target]
    total = 0.0
    for start in range(0, len(target), half):
        part = text[start : start + 2 * half]
        counted = half - (start == 0)
        total += loss_of(engine.model, part, engine.model.new_memory(0), counted) * counted
    return total / (len(target) - 1)


def loss_of(model: Any, ids: Sequence[int], memory: Memory, counted: int) -> float:
    """Mean loss of the last `counted` ids, read into the memory with those before them."""
    device = model.model.embed_tokens.weight.device
    inputs = torch.tensor([list(ids)], device=device)
    labels = torch.full_like(inputs, -100)
    labels[0, len(ids) - counted :] = inputs[0, len(ids) - counted :]
    with torch.no_grad():
        out = model(input_ids=inputs, past_key_values=memory, labels=labels, logits_to_keep=1)
    return float(out.loss)


SEEN = {TRUNCATED: "half a window or more", STREAMING: f"{SINKS} sinks and a window"}
"""What the baselines see of the text."""
