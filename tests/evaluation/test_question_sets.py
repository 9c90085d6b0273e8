"""Question sets: every form is read, laid out far from the question, and marked."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.layout import lay_out
from beacon_qa.evaluation.outcome import Wanted
from beacon_qa.evaluation.qa import ask_case, measure
from beacon_qa.evaluation.qa_report import told
from beacon_qa.evaluation.sets import Asked, read_set


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def towers(path: Path, count: int = 60) -> Path:
    """A set in SQuAD 2.0's form; every fifth question has no answer."""
    paragraphs = [
        {
            "context": f"The tower of Town{n} was built in {1200 + n} by the mason Odo. " * 2,
            "qas": [
                {
                    "question": f"When was the tower of Town{n} built?",
                    "answers": [{"text": str(1200 + n)}] * 2 if n % 5 else [],
                }
            ],
        }
        for n in range(count)
    ]
    return write(path, {"title": "Towers", "paragraphs": paragraphs})


def test_every_form_is_read(tmp_path: Path) -> None:
    [source, *_] = read_set(towers(tmp_path / "squad.jsonl"))
    assert (source.title, source.asked[0].answers) == ("Towers", ())
    tale = {
        "story": "fox",
        "sections": ["A fox\nran.", "It hid."],
        "qas": [{"question": "Who?", "answers": ["a fox", "a fox"], "sections": [1, 2]}],
    }
    [source] = read_set(write(tmp_path / "tale.jsonl", tale))
    assert source.parts == ("A fox ran.", "It hid.")
    assert source.asked == (Asked("Who?", ("a fox",), 0, 1),)
    gold = {"question": "who", "answers": ["Odo"], "context": "Odo built it.", "title": "T"}
    assert read_set(write(tmp_path / "nq.jsonl", gold))[0].asked[0].answers == ("Odo",)
    story = {
        "id": 7,
        "document": "Long\nago.",
        "qas": [{"question": "Q?", "responses": ["a", "b"]}],
    }
    [source] = read_set(write(tmp_path / "story.jsonl", story))
    assert source.whole
    assert source.asked[0].answers == ("a", "b")
    meeting = {
        "meeting": "m1",
        "turns": [{"speaker": "A", "content": "Well {pause} , yes ."}],
        "general": [{"query": "Sum up", "answer": "Yes."}],
        "specific": [],
    }
    [source] = read_set(write(tmp_path / "meeting.jsonl", meeting))
    assert source.parts == ("A: Well, yes.",)


def test_a_compressed_set_is_read(tmp_path: Path) -> None:
    plain = towers(tmp_path / "a.jsonl")
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_set(packed) == read_set(plain)


@pytest.mark.parametrize(
    ("text", "what"), [("{}\n", "known form"), ("no", "JSON lines"), ("", "empty")]
)
def test_what_is_no_question_set_is_refused(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(EvaluationError, match=what):
        read_set(path)


def test_evidence_stands_windows_before_the_question(tmp_path: Path, engine: Engine) -> None:
    sources = read_set(towers(tmp_path / "squad.jsonl"))
    case = lay_out(sources, engine.prompts, engine.window, apart=8, most=5, rng=random.Random(1))
    assert len(case.hidden) == 5
    text = case.document.text
    for hidden in case.hidden:
        town = hidden.question.split()[5]
        assert f"The tower of {town} was" in text[hidden.start : hidden.end]
        after = len(engine.prompts.document(text[hidden.end :]).ids)
        assert after >= 8 * engine.window
    with pytest.raises(EvaluationError, match="larger set"):
        lay_out(sources, engine.prompts, engine.window, apart=99, most=5, rng=random.Random(1))


def test_no_text_near_the_question_names_an_answer(tmp_path: Path, engine: Engine) -> None:
    sources = read_set(towers(tmp_path / "squad.jsonl"))
    # Half of the other texts name every year there is.
    years = " ".join(str(1200 + n) for n in range(60))
    noisy = [replace(one, parts=(f"{one.parts[0]} {years}",), asked=()) for one in sources]
    case = lay_out(
        [*sources, *noisy], engine.prompts, engine.window, apart=8, most=3, rng=random.Random(1)
    )
    last = max(hidden.end for hidden in case.hidden)
    after = case.document.text[last:].split("\n\n")
    assert len(after) > 5
    answers = [answer for hidden in case.hidden for answer in hidden.answers]
    assert answers
    assert not any(answer in part for part in after[-5:] for answer in answers)


def test_every_question_is_asked_in_every_way(tmp_path: Path, engine: Engine) -> None:
    sources = read_set(towers(tmp_path / "squad.jsonl"))
    case = lay_out(sources, engine.prompts, engine.window, apart=8, most=3, rng=random.Random(1))
    answers = list(ask_case(engine, case, (4,)))
    plain = ["full attention", "truncated", "closed book", "in window"]
    ways = ["memory", "memory, narrowed", "look back", *plain]
    asked = [(one.way, one.question) for one in answers]
    assert asked == [(way, hidden.question) for way in ways for hidden in case.hidden]


def test_marks_become_a_table_with_both_ratios(tmp_path: Path, engine: Engine) -> None:
    wanted = Wanted(engine, (4,), questions=(towers(tmp_path / "towers.jsonl"),), number=1)
    outcome = measure(wanted)
    assert "F1 / truncated" in outcome.text
    assert "F1 / in window" in outcome.text
    assert "| memory, ratio 4 |" in outcome.text
    assert all(failure["file"] == "towers.jsonl" for failure in outcome.failures)
    assert told("qa", {}, 8).figures == {}
