"""Loss on the same tokens of held-out books, by how much text before them was read into memory.

Knows a model, ids and windows; knows nothing of files or tables.

At each place of a book one window of tokens is scored, with n windows before it condensed at a
ratio (0: kept whole, the plain model with full attention). `truncated` is the plain model with
the last window of raw tokens only: each token scored sees half a window or more. The first token
of a scored window is left out everywhere: nothing stands for its prediction in a memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import remember
from beacon_qa.evaluation.prose import Prose, draw_stretch

FULL_ATTENTION = 0
"""The ratio that keeps every token."""


@dataclass(frozen=True)
class Lengths:
    """What is measured: windows before the scored one, ratios, and at how many places."""

    places: int = 12
    windows: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
    ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    full_windows: int = 32
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """The loss (nats a token) of one window; `ratio` None is the truncated plain model."""

    place: int
    title: str
    ratio: int | None
    windows: int
    loss: float


def score_all(
    engine: Engine,
    texts: Sequence[Prose],
    lengths: Lengths,
    *,
    on_score: Callable[[Scored], None] = lambda scored: None,
) -> list[Scored]:
    """Score every place after every length of text at every ratio.

    Raises EvaluationError when no text is long enough for the largest length.
    """
    rng = random.Random(lengths.seed)
    found = []
    for place in range(lengths.places):
        text, end = draw_stretch(texts, (max(lengths.windows) + 1) * engine.window, rng)
        for scored in _score_place(engine, text, end, place, lengths):
            on_score(scored)
            found.append(scored)
    return found


def _score_place(
    engine: Engine, text: Prose, end: int, place: int, lengths: Lengths
) -> list[Scored]:
    window = engine.window
    target = list(text.ids[end - window : end])
    before = text.ids[: end - window]
    found = [Scored(place, text.title, None, 1, _truncated(engine, before, target))]
    for ratio in (FULL_ATTENTION, *lengths.ratios):
        for windows in lengths.windows:
            if ratio == FULL_ATTENTION and windows > _reach(engine, lengths):
                continue
            loss = _after(engine, before, target, windows, ratio)
            found.append(Scored(place, text.title, ratio, windows, loss))
    return found


def _reach(engine: Engine, lengths: Lengths) -> int:
    """How many windows full attention is tried on: as many as asked for and positions allow."""
    positions = int(engine.model.beacon.positions)
    return min(lengths.full_windows, positions // engine.window - 2)


def _after(
    engine: Engine, before: Sequence[int], target: list[int], windows: int, ratio: int
) -> float:
    """The loss of the target after the last `windows` windows of what stands before it."""
    memory = engine.model.new_memory(ratio)
    if windows:
        # The text and its opening fill whole windows, so that the target has one to itself.
        kept = windows * engine.window - len(engine.prompts.layout.opening)
        memory = remember(engine, before[len(before) - kept :], ratio)
    return _loss(engine.model, target, memory, target[1:])


def _truncated(engine: Engine, before: Sequence[int], target: list[int]) -> float:
    """The plain model's loss of the target, half a window at a time after half a window or more."""
    half = engine.window // 2
    text = [*before[len(before) - half :], *target]
    first = _loss(engine.model, text[: 2 * half], engine.model.new_memory(0), target[1:half])
    second = _loss(engine.model, text[half:], engine.model.new_memory(0), target[half:])
    return (first * (half - 1) + second * (len(target) - half)) / (len(target) - 1)


def _loss(model: Any, ids: list[int], memory: Any, scored: Sequence[int]) -> float:
    """Mean loss of the last ids, `scored`, read into the memory with those before them."""
    device = model.model.embed_tokens.weight.device
    inputs = torch.tensor([ids], device=device)
    labels = torch.full_like(inputs, -100)
    labels[0, len(ids) - len(scored) :] = inputs[0, len(ids) - len(scored) :]
    with torch.no_grad():
        out = model(input_ids=inputs, past_key_values=memory, labels=labels, logits_to_keep=1)
    return float(out.loss)
