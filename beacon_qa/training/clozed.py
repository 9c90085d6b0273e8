"""Training samples of running text and of questions made of its own sentences.

    <|doc|> prose, passage <|user|>question<|assistant|> answer<|end|><|user|>question...<|end|>

The passage is predicted too. Knows prose, a tokenizer and how a passage stands before what is
asked (alone); knows nothing of memories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from tokenizers import Tokenizer

from beacon_qa.training.alone import asked_behind
from beacon_qa.training.cloze import questions
from beacon_qa.training.drafts import Draft, Sample, Tokens, Weights, fitting, turns_of
from beacon_qa.training.prose import Prose

ASKED_SHARES: Mapping[str, float] = {
    "book": 0.47,
    "article": 0.40,
    "manual": 0.05,
    "story": 0.04,
    "tale": 0.04,
}
"""How often what is asked about is drawn from each kind of text."""

_PASSAGE = (0.35, 0.70)
"""The share of a sample that its passage takes."""


@dataclass(frozen=True)
class Clozed:
    """Makes such samples; `between` stands in front of a passage."""

    prose: Prose
    tokenizer: Tokenizer
    between: Tokens

    def sample(self, n: int, rng: np.random.Generator, weights: Weights) -> Sample:
        """A sample of n tokens."""
        room = n - 1 - len(self.between)
        passage = self.prose.stretch(rng, int(room * rng.uniform(*_PASSAGE)))
        room -= len(passage)
        made = questions(self.tokenizer.decode(passage.tolist()), rng)
        turns = fitting(turns_of(self.tokenizer, made), room)
        # Nobody asks in such words: predicting them teaches nothing.
        draft = Draft(replace(weights, question=0.0))
        draft.document()
        draft.text(self.prose.stretch(rng, room - sum(turn.cost for turn in turns)))
        return asked_behind(draft, self.between, passage, turns, predicted=True)
