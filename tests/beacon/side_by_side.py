"""Memories and prompts for answers that are told side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiny_models import random_ids

from beacon_qa.beacon import Memory

LENGTHS = (3, 11, 1, 20)
"""Tokens of the prompts; the window is 16."""


def read(model: Any, count: int, seed: int = 3) -> Memory:
    memory: Memory = model.new_memory()
    model(input_ids=random_ids(seed, 1, count), past_key_values=memory)
    return memory


def prompts_of(lengths: Sequence[int]) -> list[list[int]]:
    return [random_ids(20 + i, 1, count)[0].tolist() for i, count in enumerate(lengths)]
