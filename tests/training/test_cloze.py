"""Questions made of sentences by rule, and the samples that ask them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from packs import turns
from tokenizers import Tokenizer

from beacon_qa.training.cloze import questions
from beacon_qa.training.drafts import Weights
from beacon_qa.training.packing import Packed
from beacon_qa.training.samples import Sampler
from beacon_qa.training.vocabulary import USER

BRIDGE = "The old bridge was built by John Roe in 1890."


def asked_of(text: str) -> dict[str, set[str]]:
    """All questions that are made of a text, by their answers."""
    found: dict[str, set[str]] = {}
    for seed in range(200):
        for question, answer in questions(text, np.random.default_rng(seed)):
            found.setdefault(answer, set()).add(question)
    return found


def test_names_years_and_things_are_asked_for() -> None:
    asked = asked_of(BRIDGE)
    assert set(asked) == {"John Roe", "1890", "The old bridge"}
    assert "Who was the old bridge built by in 1890?" in asked["John Roe"]
    assert "When was the old bridge built by John Roe?" in asked["1890"]
    assert "What was built by John Roe in 1890?" in asked["The old bridge"]


def test_what_is_asked_for_does_not_stand_in_the_question() -> None:
    for answer, made in asked_of(BRIDGE).items():
        assert not any(answer.lower() in question.lower() for question in made)


@pytest.mark.parametrize(
    ("sentence", "answer", "begins"),
    [
        ("There were seven brown horses grazing behind the mill.", "seven", "How many"),
        ("She met the young painter again in Vienna.", "Vienna", "Where"),
    ],
)
def test_question_words_fit_what_is_asked_for(sentence: str, answer: str, begins: str) -> None:
    assert any(question.startswith(begins) for question in asked_of(sentence)[answer])


def test_no_question_reaches_across_a_full_stop() -> None:
    # That after “Mr” ends a sentence here.
    asked = asked_of(
        "All the young neighbours feared Mr. Harding kept his large dog near the mill."
    )
    made = {question for several in asked.values() for question in several}
    assert any("Harding" in question for question in made)
    assert not any("feared" in question and "Harding" in question for question in made)
    assert asked_of("All the neighbours feared Mr. Harding and his large dog.") == {}


def test_a_question_reaches_no_further_than_its_clause() -> None:
    asked = asked_of("When the rain stopped at last, the tall captain opened a green door quietly.")
    made = {question for several in asked.values() for question in several}
    assert made
    assert not any("rain" in question and "door" in question for question in made)


@pytest.mark.parametrize("text", ["", "Yes.", "No more of it.", "…!?", "The the the the."])
def test_nothing_is_asked_where_nothing_is_told(text: str) -> None:
    assert asked_of(text) == {}


def test_samples_ask_about_their_own_passage(sampler: Sampler, tokenizer: Tokenizer) -> None:
    rng, seen = np.random.default_rng(5), 0
    for _ in range(20):
        sample = sampler.clozed(333, rng)
        asked = turns(sample, tokenizer)
        first = asked[0][0] if asked else len(sample.ids)
        text = re.sub(r"\s+", " ", tokenizer.decode(sample.ids[:first].tolist()))
        for _, question, answer in asked:
            assert question.endswith("?")
            assert answer.removesuffix(".") in text
            seen += 1
    assert seen > 40


def test_passages_are_predicted_and_clumsy_questions_are_not(
    packed: dict[str, Packed], tokenizer: Tokenizer
) -> None:
    weighed = Weights(prose=0.5, answer=3.0, question=0.25)
    sampler, rng = Sampler(packed, tokenizer, weights=weighed), np.random.default_rng(6)
    made = [sampler.clozed(333, rng) for _ in range(5)]
    sample = next(one for one in made if (one.ids == USER).any())
    first = int(np.argmax(sample.ids == USER))
    assert (sample.weights[first - 20 : first] == 0.5).all()
    assert set(np.unique(sample.weights[first:])) == {0.0, 3.0}
