"""Question answering on sets that people made, the evidence several windows before the question.

Each question is asked

    memory, look back      at each ratio, as elsewhere
    full attention         with every token kept, where the model's positions reach
    in window              with the evidence in the plain model's window
    truncated              with the last window of the document
    closed book            with nothing

Knows how a set is asked; marks are in marking, tables in qa_report.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import (
    ANSWER_TOKENS,
    ask_all,
    ask_condensed,
    ask_given,
    book_of,
    fits,
)
from beacon_qa.evaluation.hiding import Hidden
from beacon_qa.evaluation.layout import Case, lay_out
from beacon_qa.evaluation.lookback import around
from beacon_qa.evaluation.marked import CLOSED, FULL, IN_WINDOW, Marked
from beacon_qa.evaluation.marking import best, exact, f1, named, rouge_l, silent
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.qa_report import TRUNCATED, told
from beacon_qa.evaluation.sets import read_set

NAME = "qa"
APART = 8
"""Windows that stand, at least, between the evidence and the question."""

_QUESTIONS, _STORY_QUESTIONS = 10, 4
_STORY_TOKENS = 120
"""Where a long answer, about a whole story, is cut off."""


def measure(wanted: Wanted) -> Outcome:
    """Ask the questions of every file given; EvaluationError for a file that is no question set."""
    sets = {path.name: list(_asked(wanted, path)) for path in wanted.questions}
    return told(NAME, sets, APART)


def _asked(wanted: Wanted, path: Path) -> Iterator[Marked]:
    sources = read_set(path)
    whole = all(source.whole for source in sources)
    for number in range(wanted.count(3, 1) if whole else wanted.count(12, 1)):
        case = lay_out(
            sources,
            wanted.engine.prompts,
            wanted.engine.window,
            apart=APART,
            most=_STORY_QUESTIONS if whole else _QUESTIONS,
            rng=random.Random(f"{wanted.seed}/{path.name}/{number}"),
        )
        for one in ask_case(wanted.engine, case, wanted.some_ratios):
            yield one
            wanted.done(NAME)


def ask_case(engine: Engine, case: Case, ratios: Sequence[int]) -> Iterator[Marked]:
    """Ask for all that is asked about a document, in every way."""
    tokens = _STORY_TOKENS if case.whole else ANSWER_TOKENS
    asked = _spelled(engine, case)
    questions = [hidden.question for hidden in asked.hidden]
    encoded = engine.prompts.document(case.document.text)
    windows = round(len(encoded) / engine.window)
    for ratio in ratios:
        book = book_of(engine, case.document, ratio)
        for way, answers in ask_condensed(book, questions, tokens).items():
            yield from _marked(case, way, ratio, windows, answers)
    if fits(engine, len(encoded)):
        whole = book_of(engine, case.document, 0).memory
        yield from _marked(case, FULL, None, windows, ask_all(engine, whole, questions, tokens))
    for way, given in _plain(engine, asked, tokens).items():
        yield from _marked(case, way, None, windows, ask_given(engine, given, tokens))


def _spelled(engine: Engine, case: Case) -> Case:
    """The case asked as a book is: also the plain model, so that both are asked the same."""
    text = case.document.text
    hidden = (
        replace(one, question=engine.prompts.spelled(one.question, text)) for one in case.hidden
    )
    return replace(case, hidden=tuple(hidden))


def _plain(engine: Engine, case: Case, tokens: int) -> dict[str, list[tuple[Sequence[int], str]]]:
    """What the plain model is given beside each question, which takes its part of the window."""
    encoded = engine.prompts.document(case.document.text)
    ways: dict[str, list[tuple[Sequence[int], str]]] = {TRUNCATED: [], CLOSED: []}
    if not case.whole:
        ways[IN_WINDOW] = []
    for hidden in case.hidden:
        asking = len(engine.prompts.question(hidden.question)) + tokens
        room = max(1, engine.window - asking - len(engine.prompts.layout.opening))
        ways[TRUNCATED].append((encoded.ids[-room:], hidden.question))
        ways[CLOSED].append(((), hidden.question))
        if not case.whole:
            near = around(case.document, encoded, hidden, room)
            ways[IN_WINDOW].append((near, hidden.question))
    return ways


def _marked(
    case: Case, way: str, ratio: int | None, windows: int, answers: Sequence[str]
) -> Iterator[Marked]:
    for hidden, answer in zip(case.hidden, answers, strict=True):
        marks = _marks(hidden, answer, whole=case.whole)
        right = marks["named"] > 0
        extra = tuple(marks.items())
        yield Marked(
            way, ratio, windows, hidden.depth, hidden.question, hidden.answers, answer, right, extra
        )


def _marks(hidden: Hidden, answer: str, *, whole: bool) -> dict[str, float]:
    """The marks of an answer; where the text is silent, saying so is the one right answer."""
    quiet = float(silent(answer))
    if not hidden.answers:
        return {"named": quiet, "silent": quiet}
    told = "" if quiet else answer
    marks = {
        "named": best(named, told, hidden.answers),
        "exact": best(exact, told, hidden.answers),
        "f1": best(f1, told, hidden.answers),
        "silent": quiet,
    }
    if whole:
        marks["rouge-l"] = best(rouge_l, told, hidden.answers)
    return marks
