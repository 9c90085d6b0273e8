"""Training samples of one question each, with a passage that answers it and nothing else.

The shortest way to learn how people ask: half of the tokens or more belong to a question.

    <|doc|> prose, passage <|user|>question<|assistant|> answer<|end|>

Knows exercises and turns; knows nothing of memories or of other kinds of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beacon_qa.training.drafts import Draft, Sample, Tokens, Turn, Weights
from beacon_qa.training.passages import widened, words_in
from beacon_qa.training.prose import Prose
from beacon_qa.training.reading import Reading

FULL = 0.6
"""How often a passage takes all the room there is; else it has a part of it."""

_TRIES = 64
"""Questions that have no room with what answers them, before a sample is given up."""


@dataclass(frozen=True)
class Alone:
    """Makes such samples; `between` stands in front of a passage."""

    prose: Prose
    reading: Reading
    between: Tokens

    def sample(self, n: int, rng: np.random.Generator, weights: Weights) -> Sample | None:
        """A sample of n tokens; None when nothing is asked in short, or has room."""
        for _ in range(_TRIES):
            found = self.reading.one(rng)
            if found is None:
                return None
            turn, text = found
            first, end = words_in(text, turn.answer[:-1]) or (0, len(text))
            room = n - 1 - turn.cost - len(self.between)
            if end - first > room:
                continue
            full = rng.random() < FULL
            first, end = widened((first, end), room, len(text), rng, full=full)
            draft = Draft(weights)
            draft.document()
            draft.text(self.prose.stretch(rng, room - (end - first)))
            return asked_behind(draft, self.between, text[first:end], [turn])
        return None


def asked_behind(
    draft: Draft,
    between: Tokens,
    passage: Tokens,
    turns: Sequence[Turn],
    *,
    predicted: bool = False,
) -> Sample:
    """The draft, ended with a passage and what is asked about it.

    Predicting the passage teaches nothing, unless it is to be `predicted` as running text is.
    """
    draft.text(between)
    if predicted:
        draft.text(passage)
    else:
        draft.again(passage)
    for turn in turns:
        draft.turn(turn)
    return draft.finish()
