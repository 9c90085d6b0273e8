"""Checking raw which of several passages a question is about."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from captains import CAPTAINS, captains

from beacon_qa.beacon import load_model
from beacon_qa.beacon.likelihood import likelihoods
from beacon_qa.book import Book
from beacon_qa.evidence.checking import CANDIDATES, DOUBT, TRUST, likely
from beacon_qa.reader import Reader


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A text with six facts, read by the built-in model at a ratio that loses them."""
    return Reader.load(shelf=tmp_path_factory.mktemp("checking"), ratio=16).read(captains())


def one_by_one(model: Any, prompt: list[int], words: int, after: int) -> float:
    """The log-probability of a prompt's question, a token at a time, by the plain model."""
    total, end = 0.0, len(prompt) - after
    for place in range(end - words, end):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt[:place]])).logits[0, -1]
        total += float(logits.float().log_softmax(-1)[prompt[place]])
    return total


def test_likelihoods_are_those_of_one_token_at_a_time(tiny_checkpoint: Path) -> None:
    model = load_model(tiny_checkpoint, device="cpu")
    draw = random.Random(4)
    question = [draw.randrange(10, 3000) for _ in range(7)]
    prompts = [[draw.randrange(10, 3000) for _ in range(n)] + question for n in (3, 19, 8)]
    found = likelihoods(model, prompts, 5, 2)
    assert found == pytest.approx([one_by_one(model, one, 5, 2) for one in prompts], abs=1e-4)
    assert found != pytest.approx([one_by_one(model, one, 5, 1) for one in prompts], abs=1e-2)


def test_of_a_question_that_is_half_read_already_the_rest_counts(tiny_checkpoint: Path) -> None:
    model = load_model(tiny_checkpoint, device="cpu")
    prompts = [[5, 8, 13, 21, 34], [6, 7, 8, 21, 34]]
    assert likelihoods(model, prompts, 50, 1) == likelihoods(model, prompts, 3, 1)


def test_what_is_far_behind_the_best_is_left_out() -> None:
    even = [0.1, 0.1, 0.1]
    assert likely([-4.0 - DOUBT, -3.0, -4.0], even, 3) == [1, 2]
    assert likely([-9.0, -3.0, -4.0], even, 1) == [1]
    assert likely([-3.0, -3.0 - DOUBT, -3.1 - DOUBT], even, 3) == [0, 1]


def test_attention_counts_beside_what_reading_says() -> None:
    behind = 1.5 * TRUST
    assert likely([-3.0, -3.0 - behind], [0.1, 0.1], 1) == [0]
    assert likely([-3.0, -3.0 - behind], [0.1, 0.1 * math.e**2], 1) == [1]
    assert likely([-3.0, -4.0 - DOUBT], [0.0, 0.0], 2) == [0]


@pytest.mark.parametrize("ship", CAPTAINS.values())
def test_the_passage_that_tells_is_found_by_reading_though_it_is_put_last(
    book: Book, ship: str
) -> None:
    """Among passages of prose, and without the help of the order attention found them in."""
    question = f"Who is the captain of the ship {ship}?"
    fact = book.document.text.index(f"the ship {ship}.")
    found = book.find("What was the weather like?", most=CANDIDATES).passages
    ids = [book.ground.ids(one) for one in found if not one.start <= fact < one.end]
    assert len(ids) > 5
    first = book.encoded.tokens_before(fact)
    ids.append(book.encoded.ids[first - 20 : first + 12])
    prompts = book.engine.prompts
    asked = [prompts.question(question, again=[one]) for one in ids]
    after = len(prompts.layout.ask)
    told = likelihoods(book.engine.model, asked, len(prompts.asked(question)), after)
    assert likely(told, [1.0] * len(ids), 3)[0] == len(ids) - 1
