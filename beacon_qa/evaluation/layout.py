"""A long document around questions: what they need stands several windows before its end.

    asked-about texts          other texts of the same set
    |---- front ----|----------- at least `apart` windows -----------|  question

Where the questions are about a text as a whole (a story to be summed up), the document is that
text. Knows question sets and tokens; knows nothing of models.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from beacon_qa.documents import Document
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.hiding import Hidden, document_of
from beacon_qa.evaluation.marking import named
from beacon_qa.evaluation.sets import Asked, Source
from beacon_qa.prompts import Prompts

_BETWEEN = "\n\n"


@dataclass(frozen=True)
class Case:
    """A document, and what is asked about it; questions without answers are those it is silent on.

    `whole` says that the questions are about all of it.
    """

    title: str
    document: Document
    hidden: tuple[Hidden, ...]
    whole: bool


def lay_out(
    sources: Sequence[Source],
    prompts: Prompts,
    window: int,
    *,
    apart: int,
    most: int,
    rng: random.Random,
) -> Case:
    """A document with up to `most` questions whose evidence ends `apart` windows before its end.

    About as much is asked about as follows it. Raises EvaluationError when the set has too
    little text.
    """
    order = rng.sample(list(sources), len(sources))
    first = next(source for source in order if source.asked)
    if first.whole:
        asked = rng.sample(list(first.asked), min(most, len(first.asked)))
        text = _BETWEEN.join(first.parts)
        hidden = tuple(Hidden(one.question, 0, len(text), one.answers, 0.0) for one in asked)
        return Case(first.title, document_of(text), hidden, True)
    others = [source for source in order if source is not first]
    placed, front = _take([first, *others], prompts, apart * window)
    found = [(source, one) for source in front for one in source.asked]
    chosen = rng.sample(found, min(most, len(found)))
    rest = _silent_first(others[len(front) - 1 :], [one for _, one in chosen])
    filler, _ = _take(rest, prompts, apart * window + 1, apart=apart)
    text = _BETWEEN.join([*placed, *filler])
    starts = _starts(placed, front)
    hidden = tuple(_hidden(one, source, starts[id(source)], len(text)) for source, one in chosen)
    return Case(first.title, document_of(text), hidden, False)


def _silent_first(sources: Sequence[Source], asked: Sequence[Asked]) -> list[Source]:
    """The sources that name no answer first: evidence must not stand near the question too."""
    answers = {answer for one in asked for answer in one.answers}

    def names(source: Source) -> bool:
        text = _BETWEEN.join(source.parts)
        return any(named(text, answer) for answer in answers)

    return sorted(sources, key=names)


def _take(
    sources: Sequence[Source], prompts: Prompts, tokens: int, apart: int = 0
) -> tuple[list[str], list[Source]]:
    """Sources until they have so many tokens, and their parts.

    Raises EvaluationError when they must fill `apart` windows and cannot.
    """
    parts: list[str] = []
    taken: list[Source] = []
    size = 0
    for source in sources:
        if size >= tokens:
            break
        taken.append(source)
        parts += source.parts
        size += len(prompts.document(_BETWEEN.join(source.parts)).ids)
    if apart and size < tokens:
        raise EvaluationError(
            f"The question set has {size} tokens left to stand {apart} windows ({tokens} tokens) "
            "after what is asked about; give a larger set."
        )
    return parts, taken


def _starts(parts: Sequence[str], sources: Sequence[Source]) -> dict[int, list[int]]:
    """The character at which each part of each source starts."""
    places, at = [], 0
    for part in parts:
        places.append(at)
        at += len(part) + len(_BETWEEN)
    starts, done = {}, 0
    for source in sources:
        starts[id(source)] = places[done : done + len(source.parts)]
        done += len(source.parts)
    return starts


def _hidden(asked: Asked, source: Source, starts: Sequence[int], length: int) -> Hidden:
    first, last = asked.first or 0, asked.last or 0
    start, end = starts[first], starts[last] + len(source.parts[last])
    return Hidden(asked.question, start, end, asked.answers, start / length)
