"""Questions about invented facts planted in held-out prose, asked from memory.

Knows facts, prose, distances and ratios. Does not know files or tables.

Each text holds one fact for each distance, so that the facts are each other's distractors; the
same texts and questions are asked under every condition:

    memory        the text condensed at a ratio, the fact so many windows before the question
    full          the same text with every token kept: the plain model, where its positions reach
    in window     the fact a few sentences before the question, in the raw window
    not told      the same prose, condensed, without the facts: what guessing gives
    closed book   the question alone
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from beacon_qa.beacon import Memory
from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import ANSWER_TOKENS, ask, holds, remember
from beacon_qa.evaluation.prose import Prose, draw_stretch
from beacon_qa.prompts import Prompts
from beacon_qa.training.facts import Fact, FactMaker
from beacon_qa.training.names import Split


@dataclass(frozen=True)
class Settings:
    """How much is asked; `distances` count windows between a fact and the question.

    Names and values are of the test split; `wordings` may be those of training.
    """

    texts: int = 40
    distances: tuple[int, ...] = (1, 4, 8, 16, 32)
    ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    wordings: Split = "test"
    seed: int = 0


@dataclass(frozen=True)
class Told:
    """A fact as it is told and asked, and how many windows before the question it stands."""

    fact: Fact
    statement: str
    question: str
    distance: int


@dataclass(frozen=True)
class Trial:
    """One text with its facts planted (`ids`), without them (`bare`), and the facts."""

    ids: Sequence[int]
    bare: Sequence[int]
    told: Sequence[Told]
    title: str


@dataclass(frozen=True)
class Asked:
    """One answer and whether it names the value; `distance` is None where it has no meaning."""

    condition: str
    ratio: int | None
    distance: int | None
    question: str
    statement: str
    value: str
    answer: str
    right: bool


def draw_trials(
    texts: Sequence[Prose], prompts: Prompts, window: int, settings: Settings
) -> list[Trial]:
    """The texts and questions of an evaluation; the same for the same seed.

    Raises EvaluationError when no text is long enough for the largest distance.
    """
    maker = FactMaker("test", wordings=settings.wordings)
    trials = []
    for number in range(settings.texts):
        rng = random.Random(f"{settings.seed}/{number}")
        facts = maker.draw(rng, len(settings.distances))
        rng.shuffle(facts)
        told = [
            Told(fact, fact.statement(rng), fact.question(rng), distance)
            for fact, distance in zip(facts, sorted(settings.distances), strict=False)
        ]
        trials.append(_plant(texts, told, prompts, window, rng))
    return trials


def ask_all(
    engine: Engine,
    trials: Sequence[Trial],
    settings: Settings,
    *,
    on_answer: Callable[[Asked], None] = lambda asked: None,
) -> list[Asked]:
    """Ask every question under every condition."""
    answers = []
    for trial in trials:
        for asked in _ask_trial(engine, trial, settings):
            on_answer(asked)
            answers.append(asked)
    return answers


def _ask_trial(engine: Engine, trial: Trial, settings: Settings) -> Iterator[Asked]:
    for ratio in settings.ratios:
        memory = remember(engine, trial.ids, ratio)
        for told in trial.told:
            yield _asked(engine, memory, told, "memory", ratio)
    if len(trial.ids) + engine.window < engine.model.beacon.positions:
        memory = remember(engine, trial.ids, 0)
        for told in trial.told:
            yield _asked(engine, memory, told, "full", None)
    unaware = remember(engine, trial.bare, settings.ratios[0])
    empty = remember(engine, (), settings.ratios[0])
    for told in trial.told:
        near = remember(engine, _in_window(trial, told, engine), 0)
        yield _asked(engine, near, told, "in window", None)
        yield _asked(engine, unaware, told, "not told", settings.ratios[0])
        yield _asked(engine, empty, told, "closed book", None)


def _asked(engine: Engine, memory: Memory, told: Told, condition: str, ratio: int | None) -> Asked:
    answer = ask(engine, memory, told.question)
    placed = condition in ("memory", "full")
    return Asked(
        condition=condition,
        ratio=ratio,
        distance=told.distance if placed else None,
        question=told.question,
        statement=told.statement,
        value=told.fact.value,
        answer=answer,
        right=holds(answer, told.fact.value),
    )


def _in_window(trial: Trial, told: Told, engine: Engine) -> list[int]:
    """The fact between a few tokens of prose, so that question and answer fit the window too."""
    statement = _sentence(told, engine.prompts)
    asking = len(engine.prompts.question(told.question)) + ANSWER_TOKENS
    room = engine.window - len(engine.prompts.layout.opening) - len(statement) - asking
    prose = trial.bare[: max(0, room)]
    return [*prose[: len(prose) // 2], *statement, *prose[len(prose) // 2 :]]


def _plant(
    texts: Sequence[Prose],
    told: Sequence[Told],
    prompts: Prompts,
    window: int,
    rng: random.Random,
) -> Trial:
    """Lay a text out from its end: prose to the nearest distance, a fact, prose to the next."""
    lead = window + rng.randrange(window)
    total = told[-1].distance * window + lead
    text, end = draw_stretch(texts, total, rng)
    first, last = end - total, end
    after: list[int] = []
    for item in told:
        cut = max(first, min(text.near(end - (item.distance * window - len(after))), end))
        after = [*_sentence(item, prompts), *text.ids[cut:end], *after]
        end = cut
    ids = [*text.ids[first:end], *after]
    return Trial(ids, text.ids[first:last], told, text.title)


def _sentence(told: Told, prompts: Prompts) -> list[int]:
    return prompts.document(" " + told.statement).ids
