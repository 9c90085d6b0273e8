"""What it costs to say where an answer rests, and to look back, beside a plain answer.

The work of `beacon_qa.evidence` on random keys and tokens: counting attention while an answer is
told; and finding, checking and reading again the passages before it. Knows models and memories.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch

from beacon_qa.beacon import Memory, Sampling, decode
from beacon_qa.beacon.generate import attend
from beacon_qa.beacon.likelihood import likelihoods
from beacon_qa.beacon.watch import Watch
from beacon_qa.evidence.checking import CANDIDATES
from beacon_qa.evidence.looking import longest_passage
from benchmarks.shapes import memory_of, random_ids
from benchmarks.timing import now

QUESTION = 20
"""Tokens of a question."""


def looking(model: Any, device: str, *, tokens: int, ratio: int, rounds: int, answer: int) -> Any:
    """Ratios of an answer's time, watched and looking back, to a plain one's; and bytes kept more.

    The kinds take turns, and each ratio is the median over the rounds of two neighbours.
    """
    memory = memory_of(model, tokens, ratio)
    question = random_ids(model, QUESTION).tolist()
    longest = longest_passage(model.beacon.window)
    prompts = [[*random_ids(model, longest).tolist(), *question] for _ in range(CANDIDATES)]
    again = [*random_ids(model, 3 * model.beacon.window // 4).tolist(), *question]
    sampling = Sampling(max_new_tokens=answer, stop_ids=(-1,))

    def told(start: Memory, ids: list[int], watch: Watch | None) -> None:
        for _ in decode(model, start, ids, sampling, watch=watch):
            pass

    def find() -> None:
        attend(model, memory, question, _watch(model, memory))

    def read_again() -> None:
        behind = _behind(model, memory)
        told(behind, again, _watch(model, behind))

    ways: dict[str, Callable[[], object]] = {
        "plain": lambda: told(memory, question, None),
        "watched": lambda: told(memory, question, _watch(model, memory)),
        "find": find,
        "check": lambda: likelihoods(model, prompts, QUESTION - 2, 1),
        "again": read_again,
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, work in ways.items():
            begun = now(device)
            work()
            if turn:  # the first round warms up
                spent[name].append(now(device) - begun)
    back = zip(*(spent[name] for name in ("find", "check", "again")), strict=True)
    return {
        **{f"{name}_ms": 1000 * statistics.median(times) for name, times in spent.items()},
        "kept": memory.kept,
        "answer": answer,
        "rounds": rounds,
        "watched_ratio": _ratio(spent["watched"], spent["plain"]),
        "looking_ratio": _ratio([sum(parts) for parts in back], spent["plain"]),
        "memory_bytes": memory.nbytes,
        "watched_bytes": 4 * memory.held,
        "looking_bytes": _more(model, memory, again, answer),
    }


def _watch(model: Any, memory: Memory) -> Watch:
    return Watch(model.evidence_heads, memory.held)


def _behind(model: Any, memory: Memory) -> Memory:
    """What passages from two windows are read again behind."""
    return (memory.narrowed(range(2)) if model.evidence_narrow else memory).sealed()


def _ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def _more(model: Any, memory: Memory, ids: list[int], answer: int) -> int:
    """Bytes that an answer with passages in view keeps beyond the memory it shares, if it does."""
    fork = _behind(model, memory)
    shared = 0 if model.evidence_narrow else fork.nbytes
    with torch.no_grad():
        step = torch.tensor([[*ids, *[ids[0]] * answer]], device=model.entrance)
        model(input_ids=step, past_key_values=fork, only_read=True)
    return fork.nbytes - shared
