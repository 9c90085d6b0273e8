"""What a measurement is given, and what it hands back to be written down.

Knows an engine, texts and settings that all measurements share; knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.plots import Plot
from beacon_qa.evaluation.prose import Prose, encoded_prose, held_out
from beacon_qa.training.names import Split

RATIOS = (2, 4, 8, 16, 32)
"""The condensing ratios that are measured, where the model has them."""


_LONG = 32
"""Windows of a text from which on fewer texts are read."""


@dataclass(frozen=True)
class Wanted:
    """What to measure with: a model, texts it was not trained on, and how much of everything.

    `number` replaces a measurement's own count of texts. `questions` and `records` are files of
    question sets and of retrieval records. `done` is told the name of a measurement at each step.
    """

    engine: Engine
    ratios: tuple[int, ...]
    texts: Path | None = None
    questions: tuple[Path, ...] = ()
    records: tuple[Path, ...] = ()
    wordings: Split = "test"
    number: int | None = None
    seed: int = 0
    quick: bool = False
    done: Callable[[str], None] = lambda name: None

    @cached_property
    def documents(self) -> list[Document]:
        """The held-out texts; raises EvaluationError or DocumentError when there are none."""
        return held_out(self.texts)

    @cached_property
    def prose(self) -> list[Prose]:
        """The same as token ids."""
        return [encoded_prose(document, self.engine.prompts) for document in self.documents]

    def count(self, whole: int, quick: int) -> int:
        """How many texts: as asked for, else the measurement's own number."""
        if self.number is not None:
            return self.number
        return quick if self.quick else whole

    def count_at(self, windows: int, whole: int, quick: int) -> int:
        """The same for texts of a length: half as many of those that take longest to read."""
        count = self.count(whole, quick)
        return max(1, count // 2) if self.number is None and windows > _LONG else count

    def within(self, lengths: Sequence[int], spare: int = 0) -> tuple[int, ...]:
        """The lengths, in windows, that the longest text has with `spare` more; one at least."""
        # Four characters a token is below what any vocabulary needs for prose.
        longest = max(len(document.text) for document in self.documents)
        kept = [n for n in lengths if 5 * (n + spare) * self.engine.window < longest]
        return tuple(kept) or (min(lengths),)

    @property
    def some_ratios(self) -> tuple[int, ...]:
        """All ratios, or three of them in a quick run."""
        return self.ratios[:: max(1, len(self.ratios) // 2)] if self.quick else self.ratios


@dataclass(frozen=True)
class Outcome:
    """One measurement: Markdown under a title, figures for JSON, failures, and plots by name.

    `headlines` are sentences with the figures that matter most.
    """

    name: str
    title: str
    text: str
    figures: Mapping[str, Any]
    headlines: Sequence[str] = ()
    failures: Sequence[Mapping[str, Any]] = ()
    plots: Mapping[str, Plot] = field(default_factory=dict)


def known_ratios(engine: Engine) -> tuple[int, ...]:
    """The ratios to measure: those the model was made for and its window allows.

    Raises EvaluationError when there is none above 0.
    """
    known = sorted(r for r in engine.model.beacon.ratios if r and engine.window % r == 0)
    ratios = tuple(r for r in RATIOS if r in known) or tuple(known)
    if not ratios:
        raise EvaluationError(f"{engine.name} has no condensing ratio above 0 to be measured.")
    return ratios
