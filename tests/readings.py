"""Readings that stop on the way, and what a memory makes of a question, to compare memories by."""

from __future__ import annotations

from dataclasses import replace

import torch

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.engine import Engine
from beacon_qa.lane import Lane
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress

SHORT = Sampling(max_new_tokens=12)


def next_logits(engine: Engine, book: Book, question: str = "Who?") -> torch.Tensor:
    """What the model thinks comes first in the answer: a fingerprint of the memory."""
    ids = torch.tensor([engine.prompts.question(question)])
    with torch.no_grad():
        logits = engine.model(input_ids=ids, past_key_values=book.memory.fork()).logits
    return torch.as_tensor(logits[0, -1])


class _Wanted(Lane):
    """A lane that is wanted all the time."""

    taken = True  # type: ignore[assignment]


def by_windows(reader: Reader) -> Reader:
    """The reader as one whose model others want too: it reads a window at a time."""
    return replace(reader, engine=replace(reader.engine, lane=_Wanted()))


def stop_after(windows: int) -> tuple[list[ReadingProgress], dict[str, object]]:
    seen: list[ReadingProgress] = []
    return seen, {"on_progress": seen.append, "should_stop": lambda: len(seen) >= windows}
