"""Needles in real prose: invented facts told once in a long text, asked for at its end.

Each text holds a fact at every tenth of its depth, from its first sentence to its last, so that
the facts are each other's distractors; all are asked from the same memory. Names and values were
never trained on. Knows how the texts are made and asked; knows nothing of tables.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import (
    ANSWER_TOKENS,
    ask_all,
    ask_condensed,
    ask_given,
    book_of,
    fits,
)
from beacon_qa.evaluation.hiding import HidingPlace, planted
from beacon_qa.evaluation.lookback import around
from beacon_qa.evaluation.marked import (
    CLOSED,
    CONDENSED,
    FULL,
    IN_WINDOW,
    LOOK_BACK,
    MEMORY,
    NARROW,
    NOT_TOLD,
    Marked,
    baseline_table,
    cells,
    failures,
    headlines,
    heat_maps,
    ratio_table,
)
from beacon_qa.evaluation.marking import best, named
from beacon_qa.evaluation.outcome import Outcome, Wanted

NAME = "needle"
LENGTHS, QUICK_LENGTHS = (8, 16, 32, 100), (8, 16)
FACTS = 11
"""Facts a text: at depths 0, 10, ... 100%."""

_ROOM = 48
"""Tokens of prose for each fact, at least: a sentence or two to stand between."""


def measure(wanted: Wanted) -> Outcome:
    """Ask for planted facts by length, depth and ratio; EvaluationError for too short a text."""
    enough = _ROOM * FACTS / wanted.engine.window
    asked = QUICK_LENGTHS if wanted.quick else LENGTHS
    lengths = wanted.within([n for n in asked if n >= enough] or asked[-1:])
    answers: list[Marked] = []
    for windows in lengths:
        for number in range(wanted.count_at(windows, 6, 1)):
            place = _place(wanted, windows, number)
            for one in ask_place(wanted.engine, place, wanted.some_ratios, windows):
                answers.append(one)
                wanted.done(NAME)
    what = f"Facts with names and values never trained on, in {_WORDINGS[wanted.wordings]}"
    return told(NAME, "Needles in prose", f"{what}; {FACTS} in each text.", answers, lengths)


_WORDINGS = {"test": "wordings never trained on", "train": "the wordings of training"}


def told(
    name: str, title: str, what: str, answers: Sequence[Marked], lengths: Sequence[int]
) -> Outcome:
    """The tables, heat maps and failures of answers by depth and length."""
    short = 32 if 32 in lengths else max(lengths)
    text = "\n\n".join(
        (
            f"{what} Right when the value is named; over all depths, with the 95% interval.",
            *(f"{how}:\n\n{ratio_table(answers, way, lengths)}" for way, how in CONDENSED.items()),
            baseline_table(answers, lengths),
        )
    )
    return Outcome(
        name,
        title,
        text,
        {"cells": cells(answers)},
        headlines=headlines(answers, title, short),
        failures=failures(answers),
        plots={
            name: heat_maps(answers, MEMORY, lengths),
            f"{name}-narrow": heat_maps(answers, NARROW, lengths),
            f"{name}-look-back": heat_maps(answers, LOOK_BACK, lengths),
        },
    )


def ask_place(
    engine: Engine, place: HidingPlace, ratios: Sequence[int], windows: int
) -> Iterator[Marked]:
    """Ask for all that is hidden in a text, in every way."""
    questions = [hidden.question for hidden in place.hidden]
    for ratio in ratios:
        book = book_of(engine, place.document, ratio)
        for way, answers in ask_condensed(book, questions).items():
            yield from marked(place, way, ratio, windows, answers)
    if fits(engine, len(engine.prompts.document(place.document.text))):
        book = book_of(engine, place.document, 0)
        yield from marked(place, FULL, None, windows, ask_all(engine, book.memory, questions))
    if place.bare is not None:
        bare = book_of(engine, place.bare, ratios[len(ratios) // 2])
        yield from marked(place, NOT_TOLD, None, windows, ask_all(engine, bare.memory, questions))
    yield from ask_plainly(engine, place, windows)


def ask_plainly(engine: Engine, place: HidingPlace, windows: int) -> Iterator[Marked]:
    """Ask the plain model with what is asked about in its window, and with nothing."""
    encoded = engine.prompts.document(place.document.text)
    near = []
    for hidden in place.hidden:
        asking = len(engine.prompts.question(hidden.question)) + ANSWER_TOKENS
        room = engine.window - asking - len(engine.prompts.layout.opening)
        near.append((around(place.document, encoded, hidden, room, wide=True), hidden.question))
    yield from marked(place, IN_WINDOW, None, windows, ask_given(engine, near))
    alone = [((), hidden.question) for hidden in place.hidden]
    yield from marked(place, CLOSED, None, windows, ask_given(engine, alone))


def marked(
    place: HidingPlace, way: str, ratio: int | None, windows: int, answers: Sequence[str]
) -> Iterator[Marked]:
    """The answers with whether they are right."""
    for hidden, answer in zip(place.hidden, answers, strict=True):
        right = best(named, answer, hidden.answers) > 0
        yield Marked(
            way, ratio, windows, hidden.depth, hidden.question, hidden.answers, answer, right
        )


def _place(wanted: Wanted, windows: int, number: int) -> HidingPlace:
    return planted(
        wanted.documents,
        wanted.engine.prompts,
        windows * wanted.engine.window,
        FACTS,
        random.Random(f"{wanted.seed}/{windows}/{number}"),
        wordings=wanted.wordings,
        edges=True,
    )
