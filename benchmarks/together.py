"""Time several questions to one book: all at once, and one after another.

The two ways take turns all along: one answer by itself, then as large a part of the answers told
together. Each is asked for the same greedy answers, which are compared.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from beacon_qa.beacon import Memory, Sampling, decode
from beacon_qa.beacon.together import Together
from benchmarks.floor import large_products, reading_speed
from benchmarks.formulas import Dimensions
from benchmarks.shapes import memory_of, random_ids
from benchmarks.timing import now

PROMPT = 24
"""Tokens of the first question; each of the others has one more."""


def together(
    model: Any, device: str, *, tokens: int, ratio: int, questions: int, answer: int, rounds: int
) -> Any:
    """Tokens a second of `questions` answers of `answer` tokens each, after `tokens` of text.

    Reading the questions counts. A step is one token for all, when all questions are read.
    """
    memory = memory_of(model, tokens, ratio)
    prompts = [random_ids(model, PROMPT + number).tolist() for number in range(questions)]
    # No answer ends early: the id is one that the model does not have.
    sampling = Sampling(max_new_tokens=answer, stop_ids=(model.config.vocab_size,))
    rows: list[dict[str, float]] = []
    for turn in range(rounds + 1):
        alone, at_once = Timed(), Timed()
        steps = _at_once(model, device, memory, prompts, sampling, at_once)
        for prompt in prompts:
            _one(model, device, memory, prompt, sampling, alone)
            for _ in range(1 + answer // questions):
                next(steps, None)
        for _ in steps:
            pass
        if turn:  # the first round warms up
            rows.append(_compared(alone, at_once))
    found = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    return {
        **found,
        "questions": questions,
        "tokens": tokens,
        "kept": memory.kept,
        "answered": questions * answer,
        "equal": sum(a == b for a, b in zip(alone.answers, at_once.answers, strict=True)),
        "rounds": [row["speedup"] for row in rows],
        **_floor(model, device, memory, questions),
    }


@dataclass
class Timed:
    """Seconds in all, seconds of each token or step after the questions, and the answers."""

    seconds: float = 0.0
    steps: list[float] = field(default_factory=list)
    answers: list[list[int]] = field(default_factory=list)


def _compared(alone: Timed, at_once: Timed) -> dict[str, float]:
    return {
        "alone_seconds": alone.seconds,
        "together_seconds": at_once.seconds,
        "speedup": alone.seconds / at_once.seconds,
        "token_ms": 1000 * statistics.median(alone.steps),
        "step_ms": 1000 * statistics.median(at_once.steps),
    }


def _one(
    model: Any,
    device: str,
    memory: Memory,
    prompt: Sequence[int],
    sampling: Sampling,
    timed: Timed,
) -> None:
    begun = before = now(device)
    answer: list[int] = []
    for token in decode(model, memory, prompt, sampling):
        ended = now(device)
        if answer:
            timed.steps.append(ended - before)
        before = ended
        answer.append(token)
    timed.seconds += now(device) - begun
    timed.answers.append(answer)


def _at_once(
    model: Any,
    device: str,
    memory: Memory,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    timed: Timed,
) -> Iterator[None]:
    """Takes one step each time it is advanced."""
    rows = Together(model)
    timed.answers = [[] for _ in prompts]
    for prompt in prompts:
        rows.join(memory, prompt, sampling)
    while rows.rows:
        begun, reading = now(device), rows.next_row is not None
        for row, token in rows.step():
            timed.answers[row].append(token)
        spent = now(device) - begun
        timed.seconds += spent
        if not reading:
            timed.steps.append(spent)
        yield


def _floor(model: Any, device: str, memory: Memory, questions: int) -> dict[str, float]:
    """Milliseconds of a step if it read its bytes, or did its products, and nothing else."""
    sizes, dtype = Dimensions.of(model.config), model.model.norm.weight.dtype
    weights = sum(p.nbytes for name, p in model.named_parameters() if "embed_tokens" not in name)
    attention = 4.0 * sizes.layers * sizes.query_width * memory.kept
    head = 2.0 * sizes.hidden * model.config.vocab_size
    operations = questions * (sizes.linear() + attention + head)
    return {
        "bytes": float(memory.nbytes + weights),
        "operations": operations,
        "bytes_ms": 1000 * (memory.nbytes + weights) / reading_speed(device, dtype),
        "products_ms": 1000 * operations / large_products(device, dtype),
    }
