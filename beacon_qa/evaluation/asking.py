"""Read ids into memory and ask: the engine, as an evaluation drives it.

Knows an engine, ids and questions; knows nothing of where the questions come from.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from beacon_qa.beacon import Memory, Sampling, condense, decode
from beacon_qa.engine import Engine

ANSWER_TOKENS = 40
"""Where an answer is cut off; a sentence with one fact is shorter."""


def remember(engine: Engine, ids: Sequence[int], ratio: int) -> Memory:
    """A memory of a document's ids at one ratio; ratio 0 keeps every token."""
    memory: Memory = engine.model.new_memory(ratio)
    opening = engine.prompts.layout.opening
    deque(condense(engine.model, [*opening, *ids], memory=memory), maxlen=0)
    return memory


def ask(engine: Engine, memory: Memory, question: str) -> str:
    """The greedy answer to one question; the memory does not change."""
    prompts = engine.prompts
    sampling = Sampling(max_new_tokens=ANSWER_TOKENS, stop_ids=prompts.layout.stop_ids)
    ids = list(decode(engine.model, memory, prompts.question(question), sampling))
    return prompts.text(ids).strip()


def holds(answer: str, value: str) -> bool:
    """Whether the answer names the value, as words of their own; letter case does not count."""
    found = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", answer, re.IGNORECASE)
    return found is not None
