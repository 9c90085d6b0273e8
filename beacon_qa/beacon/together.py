"""Answers to many prompts, a token each at every step; a memory they share is read once.

Prompts are read one after another, each on a fork of its own; answers then go on side by side
(see rows). Knows token ids; knows nothing of text or threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.choosing import Chooser, Sampling
from beacon_qa.beacon.generate import chooser_of
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.rows import Rows
from beacon_qa.beacon.watch import Watch
from beacon_qa.errors import ModelError


@dataclass(frozen=True)
class _Row:
    number: int
    memory: Memory
    prompt: Tensor
    chooser: Chooser
    watch: Watch | None


class Together:
    """Rows of answers that go on side by side; they join and leave between two steps.

    Rows from one memory share it; rows from others may go on beside them.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._device = model.entrance
        config = model.config
        heads = config.num_attention_heads, config.num_key_value_heads
        self._cache = Rows(config.num_hidden_layers, heads)
        self._waiting: list[_Row] = []
        self._running: list[_Row] = []
        self.failed: dict[int, Exception] = {}
        self._count = 0

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows whose answers have not ended."""
        return tuple(row.number for row in (*self._running, *self._waiting))

    @property
    def next_row(self) -> int | None:
        """The row whose prompt the next step reads; None when the next step is for all."""
        return self._waiting[0].number if self._waiting else None

    def join(
        self,
        memory: Memory,
        prompt: Sequence[int],
        sampling: Sampling,
        watch: Watch | None = None,
    ) -> int:
        """Add the answer to `prompt` from `memory` and return its row; a later step reads it.

        A `watch` counts where its attention falls. Raises ModelError for a prompt without tokens
        or with ids the model does not know.
        """
        ids = torch.as_tensor(prompt, dtype=torch.long).reshape(1, -1)
        known = self._model.config.vocab_size
        if not ids.numel() or not 0 <= int(ids.min()) <= int(ids.max()) < known:
            raise ModelError(
                f"A prompt needs at least one token, and ids from 0 to {known - 1}; this one has "
                f"{ids.numel()} tokens. Use the tokenizer of this model."
            )
        chooser = chooser_of(self._model, ids[0].tolist(), sampling)
        self._waiting.append(_Row(self._count, memory, ids.to(self._device), chooser, watch))
        self._count += 1
        return self._count - 1

    def drop(self, row: int) -> None:
        """End a row's answer here; nothing happens if it has ended."""
        self._waiting = [each for each in self._waiting if each.number != row]
        for place, each in enumerate(self._running):
            if each.number == row:
                self._leave(place)
                return

    def step(self) -> list[tuple[int, int]]:
        """One pass of the model: read the next prompt, or go on with every answer by a token.

        Returns (row, token id) of each token chosen; a row whose answer has ended is gone from
        `rows`, as is one whose token could not be chosen: `failed` then has the error. If the pass
        fails all rows stay as they were.
        """
        if self._waiting:
            row = self._waiting[0]
            text = row.memory.fork(share=True)
            text.watch = row.watch
            logits = self._pass(row.prompt, text)
            del self._waiting[0]
            self._running.append(row)
            self._cache.join(text)
            return self._told(logits, [row])
        if not self._running:
            return []
        last = [[row.chooser.last] for row in self._running]
        logits = self._pass(torch.tensor(last, device=self._device), self._cache)
        return self._told(logits, list(self._running))

    def _pass(self, ids: Tensor, cache: Any) -> Tensor:
        with torch.no_grad():
            logits: Tensor = self._model(
                input_ids=ids, past_key_values=cache, logits_to_keep=1
            ).logits
        return logits[:, -1]

    def _told(self, logits: Tensor, rows: list[_Row]) -> list[tuple[int, int]]:
        best = logits.argmax(dim=-1).tolist()
        told = []
        for row, scores, highest in zip(rows, logits, best, strict=True):
            try:
                token = row.chooser.choose(scores, highest)
            except Exception as error:  # of one row's settings; the others go on
                self.failed[row.number] = error
                self.drop(row.number)
                continue
            if token is not None:
                told.append((row.number, token))
            if row.chooser.ended:
                self.drop(row.number)
        return told

    def _leave(self, place: int) -> None:
        self._cache.leave(place)
        last = self._running.pop()
        if place < len(self._running):
            self._running[place] = last
