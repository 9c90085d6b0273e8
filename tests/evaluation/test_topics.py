"""Records of others: what is asked of them, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.hiding import HidingPlace
from beacon_qa.evaluation.outcome import Wanted
from beacon_qa.evaluation.topics import measure, places_in

TOPICS = {
    "topics": ["The history of tea", "Deserts"],
    "prompt": "Memorize. USER: I would like to discuss the topic of the history of tea. "
    "USER: Now deserts. Now the record ends. What is the first topic we discussed?",
}
LINES = {
    "random_idx": ["b-1", 1],
    "expected_number": 21,
    "prompt": "Remember these lines.\n\n"
    + "".join(f"line {name}-{n}: REGISTER_CONTENT is <2{n}>\n" for n, name in enumerate("abcdefg"))
    + "\nNow the record is over. Tell me what is in line b-1? I need the number.",
}
PAIRS = {"ordered_kv_records": [[f"key{n}", f"value{n}"] for n in range(9)], "key": "key3"}


def place_of(folder: Path, record: Any) -> HidingPlace:
    path = folder / "records.jsonl"
    path.write_text(json.dumps(record) + "\n", "utf-8")
    [place] = places_in(path, 3, 0)
    return place


def test_the_first_topic_is_asked_for_behind_the_record(tmp_path: Path) -> None:
    place = place_of(tmp_path, TOPICS)
    [hidden] = place.hidden
    assert hidden.question == "What is the first topic we discussed?"
    assert hidden.answers == ("history of tea",)
    assert place.document.text.endswith("Now deserts.")


@pytest.mark.parametrize("record", [LINES, PAIRS])
def test_lines_and_keys_are_asked_for_where_they_stand(record: Any, tmp_path: Path) -> None:
    place = place_of(tmp_path, record)
    assert len(place.hidden) == 5
    assert [h.depth for h in place.hidden] == sorted({h.depth for h in place.hidden})
    for hidden in place.hidden:
        told = place.document.text[hidden.start : hidden.end]
        assert hidden.answers[0] in told
        name = told.removeprefix("line ").split(":")[0].strip('"')
        assert name in hidden.question
    assert "Now the record" not in place.document.text


def test_records_in_no_known_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no records in a known form"):
        place_of(tmp_path, {"prompt": "x"})


def test_each_file_is_a_column(tmp_path: Path, engine: Engine) -> None:
    paths = tuple(tmp_path / f"{name}.jsonl" for name in ("lines", "pairs"))
    for path, record in zip(paths, (LINES, PAIRS), strict=True):
        path.write_text(json.dumps(record) + "\n", "utf-8")
    outcome = measure(Wanted(engine, (4,), records=paths, number=1))
    assert "lines.jsonl (" in outcome.text
    assert "| memory, ratio 4 | 0% (0/5)" in outcome.text
    asked = {(c["way"], c["file"]): c["right"]["items"] for c in outcome.figures["cells"]}
    assert asked["look back", "pairs.jsonl"] == 5
    assert len(asked) == 10
