"""Batches of running text from anybody's files, for a model of any vocabulary.

Knows documents, a model's prompts and lengths; knows nothing of models or losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beacon_qa.documents import Document
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.batches import Batch


@dataclass(frozen=True)
class Stretches:
    """All texts one after the other, and what is drawn from them: `rows` of `tokens` each.

    Every row begins as a conversation about a document begins; that part is not predicted.
    """

    ids: NDArray[np.int64]
    opening: tuple[int, ...]
    rows: int
    tokens: int
    seed: int

    @property
    def room(self) -> int:
        """Tokens of text in a row."""
        return self.tokens - len(self.opening)

    def batch(self, step: int) -> Batch:
        """Batch number `step`, whenever it is made."""
        rng = np.random.default_rng((self.seed, step))
        starts = rng.integers(0, len(self.ids) - self.room + 1, self.rows)
        ids = [np.concatenate([self.opening, self.ids[s : s + self.room]]) for s in starts]
        weights = np.ones((self.rows, self.tokens), np.float32)
        weights[:, : len(self.opening)] = 0
        return Batch(np.stack(ids).astype(np.int64), weights)

    def batches(self) -> Callable[[int], Iterator[Batch]]:
        """What the trainer asks for: all batches from a step on."""

        def from_step(first: int) -> Iterator[Batch]:
            step = first
            while True:
                yield self.batch(step)
                step += 1

        return from_step


def draw_stretches(
    documents: Iterable[Document], prompts: Prompts, *, rows: int, tokens: int, seed: int
) -> Stretches:
    """Encode the documents, an end of text after each, to draw rows of `tokens` from.

    Raises TrainingError if there are no rows, or the texts are shorter than one.
    """
    end = prompts.layout.stop_ids[:1]
    ids = [token for doc in documents for token in (*prompts.document(doc.text).ids, *end)]
    made = Stretches(np.array(ids, np.int64), prompts.layout.opening, rows, tokens, seed)
    if rows < 1 or made.room < 1:
        raise TrainingError(
            f"{rows} rows of {tokens} tokens cannot be trained on: the beginning of a "
            f"conversation alone takes {len(made.opening)}. Give more of them."
        )
    if len(ids) < made.room:
        raise TrainingError(
            f"The texts have {len(ids)} tokens and a row needs {made.room}; give more texts, or "
            "fewer --tokens."
        )
    return made
