"""Evaluating evidence and looking back: texts with known answers, ranks, baselines, reports."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from beacon_qa.engine import BUILTIN, Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.bm25 import ranked
from beacon_qa.evaluation.evidence_report import plot_evidence, write_evidence_report
from beacon_qa.evaluation.hiding import Hidden, passages, planted, read_articles
from beacon_qa.evaluation.lookback import NOWHERE, measure, rank_of
from beacon_qa.evaluation.prose import DEMO
from beacon_qa.training.folder import documents_in


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(BUILTIN)


def test_planted_facts_stand_where_it_is_said(engine: Engine) -> None:
    place = planted(list(documents_in(DEMO)), engine.prompts, 1024, 4, random.Random(1))
    assert len(place.hidden) == 4
    for hidden in place.hidden:
        told = place.document.text[hidden.start : hidden.end]
        assert hidden.answers[0].lower() in told.lower()
        assert told.endswith(".")
        assert hidden.question != hidden.missing
    again = planted(list(documents_in(DEMO)), engine.prompts, 1024, 4, random.Random(1))
    assert again.document.text == place.document.text


def test_too_short_a_text_is_refused(engine: Engine) -> None:
    with pytest.raises(EvaluationError, match="tokens is needed"):
        planted(list(documents_in(DEMO)), engine.prompts, 10**6, 4, random.Random(1))


def test_paragraphs_are_asked_about_where_they_stand(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "questions.jsonl"
    paragraphs = [
        {
            "context": f"The tower of town {n} was built in {1200 + n} by the mason Odo.",
            "qas": [{"question": f"When was {n}?", "answers": [{"text": str(1200 + n)}]}],
        }
        for n in range(40)
    ]
    path.write_text(json.dumps({"title": "Towers", "paragraphs": paragraphs}) + "\n", "utf-8")
    place = passages(read_articles(path), engine.prompts, 512, 5, random.Random(2))
    assert len(place.hidden) == 5
    for hidden in place.hidden:
        assert hidden.answers[0] in place.document.text[hidden.start : hidden.end]
    path.write_text("{}\n", "utf-8")
    with pytest.raises(EvaluationError, match="SQuAD"):
        read_articles(path)


def test_bm25_ranks_the_stretch_with_the_rare_word_first() -> None:
    stretches = ["the cat sat on the mat", "the dog ate the bone", "the heron ate the fish"]
    assert ranked(stretches, "What did the heron eat?")[0] == 2
    assert ranked(stretches, "Who sat?")[0] == 0


def test_a_place_counts_when_it_holds_most_of_what_was_hidden() -> None:
    hidden = Hidden("?", 100, 140, ("x",), 0.5)
    assert rank_of([(0, 50), (90, 150)], hidden) == 1
    assert rank_of([(0, 50), (130, 190)], hidden) == NOWHERE


def test_a_measurement_is_written_with_its_failures(engine: Engine, tmp_path: Path) -> None:
    place = planted(list(documents_in(DEMO)), engine.prompts, 1024, 3, random.Random(4))
    found = list(measure(engine, place, 4))
    ways = {"memory", "narrow", "look back", "auto", "oracle", "in window", "full", "closed book"}
    assert all({entry[0] for entry in one.told} == ways for one in found)
    # Above chance by far: three passages of 42 tokens are an eighth of the text.
    assert sum(one.rank < 3 for one in found) >= 2
    assert sum(one.read_again is True for one in found) >= 2
    path = write_evidence_report(tmp_path, {"model": "built-in"}, found)
    plot_evidence(tmp_path / "map.png", found)
    assert "| 4 | 8 | 3 |" in path.read_text("utf-8")
    kept = json.loads((tmp_path / "evidence.json").read_text("utf-8"))["found"]
    assert [one["rank"] for one in kept] == [one.rank for one in found]
    assert (tmp_path / "map.png").stat().st_size > 1000
    wrong = (tmp_path / "evidence-failures.jsonl").read_text("utf-8").splitlines()
    assert len(wrong) <= len(found)
