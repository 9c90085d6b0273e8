"""Several questions about one passage: what it tells is answered, and of the rest it is silent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from packs import novel, turns
from tokenizers import Tokenizer

from beacon_qa.training.names import words
from beacon_qa.training.packing import open_packed, pack_texts
from beacon_qa.training.samples import Sampler
from beacon_qa.training.texts import read_folder

SILENT = "The text does not say."
KEEPERS = words("first", "train")[:30]
"""Who lit which lamp: no two by the same hand."""


@pytest.fixture(scope="module")
def sampler(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    paragraphs = [
        {
            "context": f"In the year of frost the lamp of hall {hall} was lit by {keeper}.",
            "qas": [
                {
                    "question": f"Who lit the lamp of hall {hall}?",
                    "answers": [{"text": keeper, "answer_start": 0}],
                }
            ],
        }
        for hall, keeper in enumerate(KEEPERS)
    ]
    records = [
        {"title": "One", "author": "A. Writer", "text": novel(1)},
        {"title": "The_Lamp", "paragraphs": paragraphs},
    ]
    folder = tmp_path_factory.mktemp("lamps")
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "texts.jsonl").write_text(lines, "utf-8")
    pack_texts(read_folder(folder), tokenizer, folder / "packed", curled=0.0)
    return Sampler(open_packed(folder / "packed", tokenizer), tokenizer)


@pytest.mark.parametrize("n", [128, 256])
@pytest.mark.parametrize(("maker", "most"), [("several", 0.2), ("several told", 0.05)])
def test_what_a_passage_tells_is_answered_and_of_the_rest_it_is_silent(
    sampler: Sampler, tokenizer: Tokenizer, maker: str, most: float, n: int
) -> None:
    rng = np.random.default_rng(6)
    told = silent = 0
    for _ in range(300):
        sample = sampler.makers[maker](n, rng)
        asked = turns(sample, tokenizer)
        text = tokenizer.decode(sample.ids[: asked[0][0]].tolist())
        for _, question, answer in asked:
            keeper = KEEPERS[int(question.split()[-1].rstrip("?"))]
            assert answer in (f"{keeper}.", SILENT)
            assert (keeper in text) == (answer != SILENT)
            told += answer != SILENT
            silent += answer == SILENT
    assert 0 < silent < most * (told + silent)


def test_long_samples_have_several_questions(sampler: Sampler, tokenizer: Tokenizer) -> None:
    rng = np.random.default_rng(7)
    counts = [len(turns(sampler.makers["several"](320, rng), tokenizer)) for _ in range(60)]
    assert set(counts) >= {1, 2, 3}
    assert max(counts) <= 5


def test_answers_and_passages_weigh_what_they_are_to(
    sampler: Sampler, tokenizer: Tokenizer
) -> None:
    sample = sampler.makers["several"](256, np.random.default_rng(8))
    first = turns(sample, tokenizer)[0][0]
    # The passage was told before: predicting it teaches nothing.
    assert not sample.weights[first - 20 : first].any()
    assert sample.weights[-1] > 1


def test_of_a_long_section_that_part_is_read_which_shares_most_words(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    question = {
        "question": "What was kept by the river in the old kitchen?",
        "answers": [{"text": "Something bright", "answer_start": 0}],
    }
    told = " The river ran past the old kitchen, where a lamp was kept. "
    section = novel(3, 24).replace("\n\n", " ") + told + novel(4, 24).replace("\n\n", " ")
    records = [
        {"title": "One", "author": "A. Writer", "text": novel(1)},
        {"title": "Tale", "paragraphs": [{"context": section, "qas": [question]}]},
    ]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    pack_texts(read_folder(tmp_path), tokenizer, tmp_path / "packed", curled=0.0)
    sampler = Sampler(open_packed(tmp_path / "packed", tokenizer), tokenizer)
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(20):
        sample = sampler.makers["several retold"](160, rng)
        [(start, _, answer)] = turns(sample, tokenizer)
        assert answer in ("Something bright.", SILENT)
        found += "ran past the old kitchen" in tokenizer.decode(sample.ids[:start].tolist())
        # Without it such a question is never asked.
        other = turns(sampler.makers["several told"](160, rng), tokenizer)
        assert all("Something bright" not in answer for _, _, answer in other)
    assert found >= 15
