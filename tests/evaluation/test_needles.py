"""Facts and pass keys in long texts: where they stand, how they are asked, how it is told."""

from __future__ import annotations

import random

import pytest

from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.asking import ask, ask_all, book_of, books_of, remember
from beacon_qa.evaluation.hiding import HidingPlace, document_of, passkeys, planted
from beacon_qa.evaluation.marked import CONDENSED, Marked
from beacon_qa.evaluation.needle import FACTS, ask_place, told
from beacon_qa.evaluation.passkey import DEPTHS, ask_places
from beacon_qa.evaluation.prose import DEMO
from beacon_qa.training.folder import documents_in
from beacon_qa.training.names import belongs


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(documents_in(DEMO))


@pytest.fixture(scope="module")
def place(documents: list[Document], engine: Engine) -> HidingPlace:
    rng = random.Random(5)
    return planted(documents, engine.prompts, 900, FACTS, rng, wordings="test", edges=True)


def test_needles_stand_at_every_tenth_from_the_beginning_to_the_end(place: HidingPlace) -> None:
    length = len(place.document.text)
    assert [round(hidden.depth, 2) for hidden in place.hidden] == [n / 10 for n in range(11)]
    for hidden in place.hidden:
        told = place.document.text[hidden.start : hidden.end]
        assert hidden.answers[0] in told
        assert abs((hidden.start + hidden.end) / 2 / length - hidden.depth) < 0.06
    assert place.document.text[: place.hidden[0].start].strip() == ""
    assert place.hidden[-1].end == length


def test_a_page_that_is_one_sentence_is_passed_over(engine: Engine) -> None:
    endless = "and so it went on and on " * 90
    sentences = "The mate saw a sail. He told nobody. " * 60
    place = planted([document_of(endless + sentences)], engine.prompts, 300, 9, random.Random(1))
    assert len(place.hidden) == 9
    with pytest.raises(EvaluationError, match="too few sentences"):
        planted([document_of(endless * 3)], engine.prompts, 300, 9, random.Random(1))


def test_the_text_without_needles_tells_none_of_them(place: HidingPlace) -> None:
    assert place.bare is not None
    for hidden in place.hidden:
        told = place.document.text[hidden.start : hidden.end]
        assert told not in place.bare.text
    assert len(place.bare.text) < len(place.document.text)


def test_values_are_of_the_test_split(place: HidingPlace) -> None:
    figures = [h.answers[0] for h in place.hidden if h.answers[0].replace("-", "").isalnum()]
    assert figures
    assert all(belongs(figure, "test") for figure in figures if figure.isdigit())


def test_a_pass_key_is_told_once_in_the_same_prose_at_each_depth(
    documents: list[Document], engine: Engine
) -> None:
    places = passkeys(documents, engine.prompts, 900, DEPTHS, random.Random(2), wordings="test")
    assert len({place.bare.text for place in places if place.bare}) == 1
    assert len({place.hidden[0].answers for place in places}) > 1
    for place, depth in zip(places, DEPTHS, strict=True):
        [hidden] = place.hidden
        assert hidden.answers[0] in place.document.text[hidden.start : hidden.end]
        assert hidden.depth == depth
        before = place.document.text[: hidden.start].strip()
        assert place.bare is not None
        assert place.bare.text.startswith(before)


def test_what_texts_have_in_common_is_read_once_and_changes_nothing(engine: Engine) -> None:
    head = "The captain went to sea and saw a whale in the night. " * 8
    texts = [head, head + "He had a dog.", head + "He had a cat. It slept.", "Another text. " * 20]
    documents = [document_of(text) for text in texts]
    for document, book in zip(documents, books_of(engine, documents, 4), strict=True):
        alone = book_of(engine, document, 4)
        assert (book.memory.tokens, book.memory.kept) == (alone.memory.tokens, alone.memory.kept)
        assert ask(engine, book.memory, "Who?") == ask(engine, alone.memory, "Who?")


def test_asking_leaves_memory_unchanged_and_answers_do_not_mix(engine: Engine) -> None:
    memory = remember(engine, engine.prompts.document("A ship sailed. " * 30).ids, 2)
    before = memory.tokens, memory.kept
    questions = ["Who?", "Where did it sail?", "Why?"]
    together = ask_all(engine, memory, questions)
    assert together == [ask(engine, memory, question) for question in questions]
    assert len(set(together)) > 1
    assert (memory.tokens, memory.kept) == before


def test_every_needle_is_asked_in_every_way(engine: Engine, place: HidingPlace) -> None:
    answers = list(ask_place(engine, place, (2, 8), 28))
    ways = [
        *((way, ratio) for ratio in (2, 8) for way in CONDENSED),
        *((way, None) for way in ("full attention", "not told", "in window", "closed book")),
    ]
    asked = [(one.way, one.ratio, one.question) for one in answers]
    assert asked == [(*way, hidden.question) for way in ways for hidden in place.hidden]


def test_every_pass_key_is_asked_in_every_way(engine: Engine, documents: list[Document]) -> None:
    places = passkeys(documents, engine.prompts, 300, (0.0, 1.0), random.Random(2))
    answers = list(ask_places(engine, places, (4,), 9))
    asked = {(one.way, one.ratio, one.depth) for one in answers}
    ways = [*((way, 4) for way in CONDENSED), ("full attention", None)]
    ways += [("in window", None), ("closed book", None)]
    assert asked == {(*way, depth) for way in ways for depth in (0.0, 1.0)}


def test_tables_count_every_depth_of_a_length() -> None:
    rows = [(0.0, True), (0.5, True), (1.0, False)]
    answers = [Marked("memory", 4, 32, depth, "q", ("v",), "a", right) for depth, right in rows]
    answers.append(Marked("closed book", None, 32, 0.0, "q", ("v",), "a", False))
    outcome = told("needle", "Needles", "Facts.", answers, (32,))
    assert "| 4 | 67% (2/3) [21, 94] |" in outcome.text
    assert "| the question alone | 0% (0/1) [0, 79] |" in outcome.text
    [headline] = outcome.headlines
    assert headline.startswith("Needles, memory, at 32 windows, over all depths: ratio 4: 67%")
    assert len(outcome.failures) == 1
