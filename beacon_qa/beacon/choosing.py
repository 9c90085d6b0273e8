"""Choose the next token of one text: greedy or sampled, counted and stopped.

The same choices as the library's `generate` makes, with its own processors, but with a random
generator for each text, so that texts decoded together do not draw from each other's. Knows
scores and ids; knows nothing of models or memories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from beacon_qa.errors import ModelError

_COLDEST = 1e-5
"""Scores divided by a temperature below this would leave the range of their numbers."""


@dataclass(frozen=True)
class Sampling:
    """How the next tokens are chosen; temperature 0 is greedy decoding, as is one below 1e-5.

    `stop_ids` end the answer and are not part of it; none given means the model's own. Raises
    ModelError for a number that none of it can be.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ModelError(f"max_new_tokens is {self.max_new_tokens}; it must be 1 or more.")
        # Written so that NaN is refused too.
        if not 0 <= self.temperature < float("inf"):
            raise ModelError(f"temperature is {self.temperature}; it must be 0 or more.")
        if not 0 < self.top_p <= 1:
            raise ModelError(f"top_p is {self.top_p}; it must be above 0 and at most 1.")
        if not 0 < self.repetition_penalty < float("inf"):
            raise ModelError(
                f"repetition_penalty is {self.repetition_penalty}; it must be above 0, and 1 "
                "penalizes nothing."
            )
        if self.seed is not None and not _is_seed(self.seed):
            raise ModelError(
                f"seed is {self.seed}; it must be a whole number from -2^63 to 2^64 - 1."
            )


def _is_seed(seed: object) -> bool:
    """Whether the library's generators can be seeded with it."""
    return isinstance(seed, int) and -(2**63) <= seed < 2**64


class Chooser:
    """Chooses one text's tokens, one after another, after its `prompt`.

    `last` is the token chosen last; `ended` says that it was a stop or that no more are wanted.
    """

    def __init__(self, prompt: Sequence[int], sampling: Sampling, stops: Sequence[int]) -> None:
        self.last = -1
        self.ended = False
        self._sampling = sampling
        self._stops = frozenset(stops)
        self._left = sampling.max_new_tokens
        self._ids = list(prompt)
        self._processors = _processors(sampling)
        self._generator: torch.Generator | None = None

    def choose(self, scores: Tensor, best: int) -> int | None:
        """The next token by its scores (vocabulary,), of which `best` is the highest.

        None when it is a stop.
        """
        self.last = best if not self._processors and self._greedy else self._drawn(scores)
        self._ids.append(self.last)
        self._left -= 1
        stopped = self.last in self._stops
        self.ended = stopped or self._left == 0
        return None if stopped else self.last

    @property
    def _greedy(self) -> bool:
        return self._sampling.temperature < _COLDEST

    def _drawn(self, scores: Tensor) -> int:
        ids = torch.tensor([self._ids], device=scores.device)
        scores = self._processors(ids, scores[None])
        if self._greedy:
            return int(scores.argmax())
        if self._generator is None and self._sampling.seed is not None:
            self._generator = torch.Generator(scores.device).manual_seed(self._sampling.seed)
        shares = scores.softmax(dim=-1)
        return int(torch.multinomial(shares, num_samples=1, generator=self._generator))


def _processors(sampling: Sampling) -> LogitsProcessorList:
    found = LogitsProcessorList()
    if sampling.repetition_penalty != 1.0:
        found.append(RepetitionPenaltyLogitsProcessor(float(sampling.repetition_penalty)))
    if sampling.temperature < _COLDEST:
        return found
    if sampling.temperature != 1.0:
        found.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_p < 1.0:
        found.append(TopPLogitsWarper(sampling.top_p))
    return found
