"""Many who ask at once: their answers go on together, and are those they would get alone."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.beacon.choosing import Chooser
from beacon_qa.book import Book
from beacon_qa.engine import Engine
from beacon_qa.errors import ModelError
from beacon_qa.gathering import Gathering
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf

QUESTIONS = [
    "Who tells of whale 7?",
    "What does sentence 12 tell?",
    "Which whale is the last one, and in which of the sentences does it stand?",
    "Why?",
    "Is there a ship?",
]
SAMPLING = Sampling(max_new_tokens=24)


@pytest.fixture
def book(reader: Reader, text_file: Path) -> Book:
    return reader.read(text_file)


@pytest.fixture
def gathered(engine: Engine, shelf: Shelf, book: Book) -> Book:
    """The same book, of an engine whose answers go on together."""
    return Reader(engine.gathered(), shelf).open(book.record)


def passes_of(engine: Engine, work: object) -> int:
    """How many times the model is run by `work`."""
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    hook = engine.model.register_forward_hook(add)
    work()  # type: ignore[operator]
    hook.remove()
    return count


def texts(answers: list[Answer]) -> list[str]:
    return [answer.text for answer in answers]


@pytest.mark.parametrize("look_back", ["off", "on"])
def test_many_answers_are_those_asked_one_by_one(book: Book, look_back: str) -> None:
    many = book.ask_many(QUESTIONS, sampling=SAMPLING, look_back=look_back)  # type: ignore[arg-type]
    for question, answer in zip(QUESTIONS, many, strict=True):
        alone = book.ask(question, sampling=SAMPLING, look_back=look_back)  # type: ignore[arg-type]
        assert answer.text == alone.text
        assert answer.question == question
        assert (answer.finish, answer.usage) == (alone.finish, alone.usage)
        assert answer.read_again == alone.read_again
        assert answer.attention == pytest.approx(alone.attention, abs=1e-4)


def test_together_the_model_is_run_once_a_token_for_all(book: Book) -> None:
    def one_by_one() -> None:
        texts([book.ask(q, sampling=SAMPLING, look_back="off") for q in QUESTIONS])

    def together() -> None:
        texts(book.ask_many(QUESTIONS, sampling=SAMPLING, look_back="off"))

    alone, many = passes_of(book.engine, one_by_one), passes_of(book.engine, together)
    assert many <= len(QUESTIONS) + SAMPLING.max_new_tokens
    assert alone > 2 * many


def test_nothing_is_computed_before_a_piece_is_asked_for(book: Book) -> None:
    def ask() -> None:
        answers.extend(book.ask_many(QUESTIONS, sampling=SAMPLING))

    answers: list[Answer] = []
    assert passes_of(book.engine, ask) == 0
    next(iter(answers[2]))
    assert [answer.finish for answer in answers] == [""] * len(answers)


def test_one_cancelled_leaves_the_others(book: Book) -> None:
    alone = texts([book.ask(q, sampling=SAMPLING, look_back="off") for q in QUESTIONS])
    answers = book.ask_many(QUESTIONS, sampling=SAMPLING, look_back="off")
    answers[4].cancel()
    next(iter(answers[0]))
    answers[1].cancel()
    del answers[3]
    gc.collect()
    assert answers[1].finish == answers[3].finish == "cancelled"
    assert texts([answers[0], answers[2]]) == [alone[0], alone[2]]
    assert alone[1].startswith(answers[1].text)
    assert answers[3].text == ""


def test_each_draws_with_a_seed_of_its_own(book: Book) -> None:
    sampling = Sampling(max_new_tokens=20, temperature=1.5, seed=4)
    many = texts(book.ask_many(QUESTIONS, sampling=sampling))
    assert many == [book.ask(q, sampling=sampling).text for q in QUESTIONS]
    assert len(set(many)) > 1


def test_threads_that_ask_at_once_get_the_answers_they_would_get_alone(
    book: Book, gathered: Book
) -> None:
    alone = texts([book.ask(q, sampling=SAMPLING) for q in QUESTIONS])
    got: dict[int, str] = {}
    start = threading.Barrier(len(QUESTIONS))

    def ask(number: int) -> None:
        start.wait()
        got[number] = gathered.ask(QUESTIONS[number], sampling=SAMPLING).text

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(QUESTIONS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got[number] for number in range(len(QUESTIONS))] == alone


def test_who_asks_while_others_are_told_joins_them(gathered: Book) -> None:
    first = gathered.ask(QUESTIONS[0], sampling=SAMPLING, look_back="off")
    next(iter(first))
    second = gathered.ask(QUESTIONS[1], sampling=SAMPLING, look_back="off")
    before = passes_of(gathered.engine, lambda: second.text)
    assert before <= 2 + SAMPLING.max_new_tokens
    assert passes_of(gathered.engine, lambda: first.text) == 0


def test_more_than_may_go_on_at_once_wait_for_a_place(book: Book) -> None:
    gathering = Gathering(book.engine.model, most=2)
    source = gathering.company()
    answers = [book.ask(q, sampling=SAMPLING, source=source) for q in QUESTIONS]
    assert texts(answers) == [book.ask(q, sampling=SAMPLING).text for q in QUESTIONS]


def test_a_question_that_cannot_be_asked_fails_alone(book: Book) -> None:
    engine = book.engine
    source = engine.company()
    good = book.ask(QUESTIONS[0], sampling=SAMPLING, source=source)
    bad = [
        engine.answer(
            "?", prompt, lambda: book.memory, cached=0, coverage=book.coverage, source=source
        )
        for prompt in (lambda **_: [], lambda **_: [10**6])
    ]
    other = book.ask(QUESTIONS[1], sampling=SAMPLING, source=source)
    for answer in bad:
        with pytest.raises(ModelError, match="prompt needs"):
            answer.text  # noqa: B018
        assert answer.finish == "cancelled"
    alone = [book.ask(q, sampling=SAMPLING).text for q in QUESTIONS[:2]]
    assert texts([good, other]) == alone


def test_an_answer_whose_token_cannot_be_chosen_fails_alone(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = Chooser.choose

    def fail(self: Chooser, scores: Tensor, best: int) -> int | None:
        if self._sampling.seed == 7 and self._left < 20:
            raise RuntimeError("probability tensor contains nan")
        return choose(self, scores, best)

    monkeypatch.setattr(Chooser, "choose", fail)
    source = book.engine.company()
    seeds = [None, 7, None]
    told = [
        book.ask(q, sampling=replace(SAMPLING, seed=seed), look_back="off", source=source)
        for q, seed in zip(QUESTIONS, seeds, strict=False)
    ]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="nan"):
            told[1].text  # noqa: B018
    assert told[1].finish == "cancelled"
    alone = [book.ask(q, sampling=SAMPLING, look_back="off").text for q in QUESTIONS]
    assert [told[0].text, told[2].text] == [alone[0], alone[2]]


def test_a_pass_that_fails_is_told_to_all_who_were_in_it_and_to_nobody_later(book: Book) -> None:
    source = book.engine.company()
    answers = [book.ask(q, sampling=SAMPLING, look_back="off", source=source) for q in QUESTIONS]
    for answer in answers:
        next(iter(answer))

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    hook = book.engine.model.model.layers[0].mlp.register_forward_hook(fail)
    for answer in answers:
        with pytest.raises(RuntimeError, match="out of memory"):
            answer.text  # noqa: B018
    hook.remove()
    alone = book.ask(QUESTIONS[0], sampling=SAMPLING, look_back="off").text
    later = book.ask(QUESTIONS[0], sampling=SAMPLING, look_back="off", source=source)
    assert later.text == alone


def test_several_books_may_be_asked_at_once(
    book: Book, gathered: Book, engine: Engine, shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "short.txt"
    path.write_text("A ship sails. " * 9)
    short = Reader(engine, shelf).read(path)
    source = gathered.engine.company()
    answers = [each.ask(QUESTIONS[0], source=source, sampling=SAMPLING) for each in (book, short)]
    assert texts(answers) == [b.ask(QUESTIONS[0], sampling=SAMPLING).text for b in (book, short)]
