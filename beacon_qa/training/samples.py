"""Training samples: token ids of one exact length, and what each of them weighs in the loss.

Knows which kinds of samples there are and how often each is drawn. Does not know models, losses
or batches.

Every maker takes the length n and a numpy Generator and returns a Sample of n ids and n weights:
`weights[i]` is the weight of the loss at predicting `ids[i]`; 0 leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from tokenizers import Tokenizer

from beacon_qa.errors import TrainingError
from beacon_qa.training.alone import Alone
from beacon_qa.training.clozed import ASKED_SHARES, Clozed
from beacon_qa.training.drafts import Draft, Sample, Weights
from beacon_qa.training.echoes import Echoes
from beacon_qa.training.facts import UNKNOWN, FactMaker
from beacon_qa.training.looked import Looked
from beacon_qa.training.names import Split
from beacon_qa.training.packing import Packed, as_answer
from beacon_qa.training.planting import Planting
from beacon_qa.training.prose import Prose
from beacon_qa.training.reading import TALES, Exercise, Reading
from beacon_qa.training.repeats import log_uniform, repeated
from beacon_qa.training.several import SELDOM_SILENT, Several
from beacon_qa.training.vocabulary import encode_texts

Maker = Callable[[int, np.random.Generator], Sample]

SHORTEST = 128
"""The smallest length a sample can have."""

NEAR = 2048
"""Tokens at the end of a long text that ask about all of it."""


class Sampler:
    """Makes samples from packed texts and invented facts of one split.

    `absent` is the share of questions on which the text is silent, a third of it where people
    asked them: a small model finds few of their answers, and would say nothing else. `wordings` as
    in FactMaker, `tales` as in Reading.
    Raises TrainingError if there is no prose among the packed texts.
    """

    def __init__(
        self,
        packed: Mapping[str, Packed],
        tokenizer: Tokenizer,
        *,
        split: Split = "train",
        wordings: Split | None = None,
        weights: Weights | None = None,
        absent: float = 0.1,
        tales: float = TALES,
    ) -> None:
        self._prose = Prose(packed, tokenizer)
        facts = FactMaker(split, wordings=wordings)
        self._planting = Planting(self._prose, facts, tokenizer, absent)
        unknown = encode_texts(tokenizer, [as_answer(UNKNOWN)])[0]
        self._reading = Reading(packed, unknown, absent / 3, tales)
        self._weights = weights or Weights()
        between = encode_texts(tokenizer, ["\n\n"])[0]
        self._looked = Looked(self._prose, self._planting, self._reading, between, SHORTEST)
        self._alone = Alone(self._prose, self._reading, between)
        self._several = Several(self._prose, self._reading, between, unknown)
        self._varied = Prose(packed, tokenizer, ASKED_SHARES)
        self._clozed = Clozed(self._varied, tokenizer, between)
        # Random tokens to be copied: any but the special ones.
        self._vocabulary = tokenizer.get_vocab_size()
        self._echoes = Echoes(self._prose, self._planting, self._vocabulary, SHORTEST)
        self.makers: Mapping[str, Maker] = {
            "prose": self.prose,
            "repeat": self.repeat,
            "echo": self.echo,
            "planted": self.planted,
            "dense": self.dense,
            "interleaved": self.interleaved,
            "records": self.records,
            "reading": self.reading,
            "summary": self.summary,
            "looked": self.looked,
            "looked reading": self.looked_reading,
            "alone": self.alone,
            "several": self.several,
            "several told": self.several_told,
            "several retold": self.several_retold,
            "varied": self.varied,
            "clozed": self.clozed,
            "distant": self.distant,
            "distant looked": self.distant_looked,
            "distant reading": self.distant_reading,
        }

    def mixture(self, n: int, rng: np.random.Generator, shares: Mapping[str, float]) -> Sample:
        """A sample by one of the makers, drawn by its share; raises TrainingError if unknown."""
        unknown = set(shares) - set(self.makers)
        if unknown or not shares or min(shares.values()) < 0 or not any(shares.values()):
            raise TrainingError(
                f"Shares of samples {dict(shares)} cannot be drawn from; give positive shares to "
                f"some of {', '.join(self.makers)}."
            )
        names = [name for name, share in shares.items() if share > 0]
        bounds = np.cumsum([shares[name] for name in names])
        place = int(np.searchsorted(bounds, rng.random() * bounds[-1], "right"))
        return self.makers[names[place]](n, rng)

    def prose(self, n: int, rng: np.random.Generator) -> Sample:
        """A contiguous stretch of running text."""
        return self._running(self._prose, n, rng)

    def varied(self, n: int, rng: np.random.Generator) -> Sample:
        """A contiguous stretch of running text, more often of an article."""
        return self._running(self._varied, n, rng)

    def clozed(self, n: int, rng: np.random.Generator) -> Sample:
        """A passage and questions made of its own sentences."""
        return self._clozed.sample(n, rng, self._weights)

    def repeat(self, n: int, rng: np.random.Generator) -> Sample:
        """Prose in which runs of it, and runs of random tokens, come again later."""
        return repeated(self.prose(n, rng), rng, self._vocabulary, self._weights)

    def echo(self, n: int, rng: np.random.Generator) -> Sample:
        """Prose and random tokens, then pieces of them told again, word for word."""
        return self._echoes.sample(n, rng, self._weights)

    def planted(self, n: int, rng: np.random.Generator, facts: int | None = None) -> Sample:
        """Prose with facts planted between its sentences; four to eight are asked at the end."""
        count = facts or log_uniform(rng, 2, max(4, n // 100))
        asked = min(count, int(rng.integers(4, 9)))
        draft = Draft(self._weights)
        self._planting.episode(draft, n, rng, self._planting.facts(rng, count, asked))
        return draft.finish()

    def dense(self, n: int, rng: np.random.Generator) -> Sample:
        """Documents of hardly anything but facts, each with questions about many of them."""
        draft = Draft(self._weights)
        while draft.length < n:
            length = _part(rng, n - draft.length, 96)
            count = max(1, int(length / rng.uniform(22, 56)))
            items = self._planting.facts(rng, count, max(1, min(count, length // 56)))
            self._planting.episode(draft, length, rng, items)
        return draft.finish()

    def records(self, n: int, rng: np.random.Generator) -> Sample:
        """Lists of records, each followed by questions about some of its entries."""
        draft = Draft(self._weights)
        while draft.length < n:
            length = _part(rng, n - draft.length, 256)
            count = max(2, int(length / rng.uniform(24, 60)))
            items = self._planting.records(rng, count, max(1, min(count, length // 100)))
            self._planting.episode(draft, length, rng, items, together=True)
        return draft.finish()

    def interleaved(self, n: int, rng: np.random.Generator) -> Sample:
        """Prose with facts in it and, every 150 tokens or so, a question about an earlier one."""
        asked = max(1, n // int(rng.integers(110, 200)))
        items = self._planting.facts(rng, asked + int(rng.integers(asked + 1)), asked)
        draft = Draft(self._weights)
        self._planting.interleaved(draft, n, rng, items)
        return draft.finish()

    def reading(self, n: int, rng: np.random.Generator) -> Sample:
        """Passages joined up to length, with short answers; planted facts if none is so short."""
        found = self._reading.passages(n, rng)
        return self._exercise(n, rng, found) if found else self.planted(n, rng)

    def summary(self, n: int, rng: np.random.Generator) -> Sample:
        """A whole story or meeting with long answers; passages if none is so short."""
        found = self._reading.whole(n, rng)
        return self._exercise(n, rng, found) if found else self.reading(n, rng)

    def looked(self, n: int, rng: np.random.Generator) -> Sample:
        """Facts in prose, then windows in which passages of it are read again and asked about."""
        return self._looked.sample(n, rng, self._weights) or self.planted(n, rng)

    def looked_reading(self, n: int, rng: np.random.Generator) -> Sample:
        """Passages, then windows in which pieces of them are read again and asked about."""
        return self._looked.exercise(n, rng, self._weights) or self.reading(n, rng)

    def alone(self, n: int, rng: np.random.Generator) -> Sample:
        """A person's question with a passage that answers it, and nothing else."""
        return self._alone.sample(n, rng, self._weights) or self.planted(n, rng)

    def several(self, n: int, rng: np.random.Generator) -> Sample:
        """A passage and a few questions about it, not all of which it answers."""
        made = self._several.sample(n, rng, self._weights)
        return made or self.planted(n, rng)

    def several_told(self, n: int, rng: np.random.Generator) -> Sample:
        """A passage and a few questions about it, nearly all of which it answers."""
        made = self._several.sample(n, rng, self._weights, SELDOM_SILENT)
        return made or self.planted(n, rng)

    def several_retold(self, n: int, rng: np.random.Generator) -> Sample:
        """The same, of a long section a part where its question is answered in other words."""
        made = self._several.sample(n, rng, self._weights, SELDOM_SILENT, retold=True)
        return made or self.planted(n, rng)

    def distant(self, n: int, rng: np.random.Generator) -> Sample:
        """Facts in a long text, about which the last 2,000 tokens or so ask."""
        asked = min(n, NEAR) // 40
        draft = Draft(self._weights)
        items = self._planting.facts(rng, asked + int(rng.integers(asked + 1)), asked)
        self._planting.episode(draft, n, rng, items)
        return draft.finish()

    def distant_looked(self, n: int, rng: np.random.Generator) -> Sample:
        """Facts in a long text, of which passages are read again in the last windows."""
        made = self._looked.sample(n, rng, self._weights, _last_windows(n))
        return made or self.distant(n, rng)

    def distant_reading(self, n: int, rng: np.random.Generator) -> Sample:
        """Passages in a long text, of which pieces are read again in the last windows."""
        made = self._looked.exercise(n, rng, self._weights, _last_windows(n))
        return made or self.distant(n, rng)

    def _running(self, prose: Prose, n: int, rng: np.random.Generator) -> Sample:
        draft = Draft(self._weights)
        draft.document()
        draft.text(prose.stretch(rng, n - 1))
        return draft.finish()

    def _exercise(self, n: int, rng: np.random.Generator, exercise: Exercise) -> Sample:
        text, turns, before, _ = exercise
        room = n - 1 - sum(map(len, text)) - sum(turn.cost for turn in turns)
        draft = Draft(self._weights)
        # What room is left goes to text before the exercise: its own, or a document of its own.
        if room > len(before) + 1:
            draft.document()
            draft.text(self._prose.stretch(rng, room - 1 - len(before)))
            room = len(before)
        draft.document()
        draft.text(before[len(before) - min(room, len(before)) :])
        if room > len(before):
            draft.text(self._prose.stretch(rng, room - len(before)))
        start = draft.length
        for part in text:
            draft.text(part)
        for turn in turns:
            draft.turn(turn, exercise.told(turn, start))
        return draft.finish()


def _last_windows(n: int) -> int:
    """How many windows at the end of a long text ask about all of it."""
    return min(n // 2, NEAR) // SHORTEST


def _part(rng: np.random.Generator, left: int, least: int) -> int:
    """The length of the next document, of `least` tokens or more; all that is left at the end."""
    length = log_uniform(rng, min(least, left), left)
    return length if left - length >= least else left
