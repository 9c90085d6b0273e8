"""Samples: their length, what weighs in them, and that what is asked was told."""

from __future__ import annotations

import re

import numpy as np
import pytest
from packs import turns
from tokenizers import Tokenizer

from beacon_qa.errors import TrainingError
from beacon_qa.training.drafts import Sample, Weights
from beacon_qa.training.packing import Packed
from beacon_qa.training.samples import NEAR, Sampler
from beacon_qa.training.vocabulary import (
    ASSISTANT,
    DOC,
    END,
    USER,
)

MAKERS = (
    "prose",
    "repeat",
    "echo",
    "planted",
    "dense",
    "interleaved",
    "records",
    "reading",
    "summary",
    "looked",
    "looked reading",
    "alone",
    "several",
    "several told",
    "several retold",
    "varied",
    "clozed",
    "distant",
    "distant looked",
    "distant reading",
)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("n", [128, 333, 1024])
def test_samples_have_the_length_asked_for(sampler: Sampler, maker: str, n: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        ids, weights, points = sampler.makers[maker](n, rng)
        assert ids.shape == weights.shape == (n,)
        assert (ids.dtype, weights.dtype) == (np.int64, np.float32)
        assert ids[0] == DOC
        assert weights[0] == 0
        assert (points.shape[1], points.dtype) == (4, np.int64)


@pytest.mark.parametrize("question", [0.0, 0.25])
@pytest.mark.parametrize("maker", ["planted", "dense", "interleaved", "records", "reading"])
def test_answers_and_questions_weigh_what_they_are_to(
    packed: dict[str, Packed], tokenizer: Tokenizer, maker: str, question: float
) -> None:
    weighed = Weights(prose=0.5, answer=3.0, question=question)
    sampler = Sampler(packed, tokenizer, weights=weighed)
    ids, weights, _ = sampler.makers[maker](700, np.random.default_rng(1))
    expected = np.full(700, 0.5)
    expected[ids == DOC] = 0
    for start in np.flatnonzero(ids == USER):
        middle = start + int(np.argmax(ids[start:] == ASSISTANT))
        end = middle + int(np.argmax(ids[middle:] == END))
        expected[[start, middle]] = 0
        expected[start + 1 : middle] = question
        expected[middle + 1 : end + 1] = 3.0
    assert (ids == USER).any()
    np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("maker", ["planted", "dense", "interleaved", "records"])
def test_what_is_asked_was_told_before(sampler: Sampler, tokenizer: Tokenizer, maker: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        sample = sampler.makers[maker](900, rng)
        asked = turns(sample, tokenizer)
        assert asked
        for start, _question, answer in asked:
            # The text alone, without earlier answers.
            before = tokenizer.decode(sample.ids[:start].tolist(), skip_special_tokens=False)
            told = re.sub(r"<\|user\|>.*?<\|end\|>", " ", before, flags=re.DOTALL)
            value = answer.rstrip('.">').split()[-1].lstrip('"<')
            assert value.lower() in told.lower()


def test_only_questions_about_what_is_absent_are_answered_so(
    packed: dict[str, Packed], tokenizer: Tokenizer
) -> None:
    silent = Sampler(packed, tokenizer, absent=1.0)
    for maker in ("planted", "dense", "interleaved"):
        sample = silent.makers[maker](600, np.random.default_rng(3))
        answers = {answer for _, _, answer in turns(sample, tokenizer)}
        assert "The text does not say." in answers


def test_reading_asks_about_the_passages_given(sampler: Sampler, tokenizer: Tokenizer) -> None:
    sample = sampler.reading(600, np.random.default_rng(4))
    asked = turns(sample, tokenizer)
    text = tokenizer.decode(sample.ids[: asked[0][0]].tolist())
    for _, question, answer in asked:
        hall = re.findall(r"hall \d+", question)[0]
        assert f"The lamp of {hall} was" in text
        assert answer == "Anna."


@pytest.mark.parametrize(
    "maker", ["planted", "dense", "interleaved", "records", "looked", "distant", "distant looked"]
)
def test_points_say_where_a_question_stands_and_where_it_is_answered(
    sampler: Sampler, tokenizer: Tokenizer, maker: str
) -> None:
    rng = np.random.default_rng(8)
    for _ in range(4):
        sample = sampler.makers[maker](1024, rng)
        answers = {question: answer for _, question, answer in turns(sample, tokenizer)}
        assert len(sample.points)
        for first, end, told, after in sample.points.tolist():
            assert (sample.ids[first - 1], sample.ids[end]) == (USER, ASSISTANT)
            assert told < after < first
            answer = answers[tokenizer.decode(sample.ids[first:end].tolist())]
            value = answer.rstrip('.">').split()[-1].lstrip('"<')
            assert value.lower() in tokenizer.decode(sample.ids[told:after].tolist()).lower()


@pytest.mark.parametrize("maker", ["reading", "looked reading", "distant reading"])
def test_points_of_exercises_are_the_paragraphs_asked_about(
    sampler: Sampler, tokenizer: Tokenizer, maker: str
) -> None:
    sample = sampler.makers[maker](1024, np.random.default_rng(4))
    assert len(sample.points) >= 2
    for first, end, told, after in sample.points.tolist():
        question = tokenizer.decode(sample.ids[first:end].tolist())
        [hall] = re.findall(r"hall \d+", question)
        text = tokenizer.decode(sample.ids[told:after].tolist())
        assert text.strip() == f"The lamp of {hall} was lit by Anna in the month of May."


@pytest.mark.parametrize("maker", ["looked", "looked reading", "distant reading"])
def test_what_is_read_again_stands_in_the_window_of_its_question(
    sampler: Sampler, maker: str
) -> None:
    ids, weights, _ = sampler.makers[maker](2048, np.random.default_rng(3))
    windows = ids.reshape(-1, 128)
    asked = [window for window in windows if USER in window]
    assert len(asked) >= 4
    text = ids.tolist()
    found = 0
    for window in asked:
        assert window[0] == DOC
        assert window[-1] == END
        answer = window[window.tolist().index(ASSISTANT) + 1 : -1]
        value = answer[-3:-1].tolist()
        again = window[: window.tolist().index(USER)].tolist()
        found += any(again[i : i + 2] == value for i in range(len(again)))
    assert found >= len(asked) / 2
    assert len(text) == 2048
    assert weights.max() > 1


def test_some_passages_are_read_again_alone_with_what_stands_around_them(sampler: Sampler) -> None:
    lengths = []
    for seed in range(4):
        windows = sampler.makers["looked"](2048, np.random.default_rng(seed)).ids.reshape(-1, 128)
        text = windows.reshape(-1).tolist()
        for window in windows[-4:].tolist():
            asked = window.index(USER)
            # The longest run before the question that the text has told before.
            told = next(
                n for n in range(asked - 1, 0, -1) if _stands(window[asked - n : asked], text)
            )
            lengths.append(told)
    assert max(lengths) > 80
    assert min(lengths) < 40


def test_a_question_that_is_asked_alone_stands_behind_what_answers_it(
    sampler: Sampler, tokenizer: Tokenizer
) -> None:
    rng = np.random.default_rng(6)
    full = 0
    for _ in range(24):
        ids, weights, points = sampler.makers["alone"](208, rng)
        [(start, question, answer)] = turns(Sample(ids, weights), tokenizer)
        told = tokenizer.decode(ids[:start].tolist())
        [hall] = re.findall(r"hall \d+", question)
        value = answer.rstrip(".").split()[-1]
        assert value in told
        assert not len(points)
        assert ids[0] == DOC
        assert weights[-1] > 1
        full += f"The lamp of {hall} was lit by Anna in the month of May." in told
    assert full >= 12


def _stands(run: list[int], text: list[int]) -> bool:
    """Whether a run stands in a text twice."""
    return sum(text[at : at + len(run)] == run for at in range(len(text))) > 1


@pytest.mark.parametrize("maker", ["distant", "distant looked", "distant reading"])
def test_a_long_text_is_asked_about_at_its_end(sampler: Sampler, maker: str) -> None:
    sample = sampler.makers[maker](6 * NEAR, np.random.default_rng(2))
    questions = np.flatnonzero(sample.ids == USER)
    assert len(questions) >= 8
    assert questions.min() > 4.5 * NEAR
    # The exercises here are shorter than a long text: prose stands before them.
    if maker != "distant reading":
        assert sample.points[:, 2].min() < 3 * NEAR


def test_repeats_copy_what_stands_before(packed: dict[str, Packed], tokenizer: Tokenizer) -> None:
    sampler = Sampler(packed, tokenizer, weights=Weights(prose=0.0, repeat=1.0))
    ids, weights, _ = sampler.repeat(800, np.random.default_rng(5))
    copied = np.flatnonzero(weights)
    assert len(copied) > 50
    for place in copied:
        before = {tuple(ids[end - 2 : end + 1].tolist()) for end in range(2, place)}
        assert tuple(ids[place - 2 : place + 1].tolist()) in before


def test_shares_choose_the_makers(sampler: Sampler) -> None:
    rng = np.random.default_rng(6)
    only = sampler.mixture(256, rng, {"prose": 1.0, "dense": 0.0})
    assert not (only.ids == USER).any()
    for shares in ({"poetry": 1.0}, {"prose": 0.0}, {}, {"prose": -1.0, "dense": 2.0}):
        with pytest.raises(TrainingError, match="shares"):
            sampler.mixture(256, rng, shares)
