"""The benchmarks: that they run on a tiny shape and report what they should, not how fast it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.case import Case, CaseFailed, measure
from benchmarks.formulas import Dimensions, mean_keys
from benchmarks.plan import plans
from benchmarks.run import main

QWEN2_7B = Dimensions(
    layers=28, hidden=3584, intermediate=18944, heads=28, kv_heads=4, head_dim=128
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quick run's report."""
    folder = tmp_path_factory.mktemp("benchmarks")
    assert main(["--quick", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def tiny(out: Path) -> Any:
    """What the quick run found of its shape."""
    return json.loads((out / "report.json").read_text())["shapes"]["tiny"]


def test_readings_stand_beside_the_plain_model_and_the_floor(tiny: Any) -> None:
    assert [row["tokens"] for row in tiny["readings"]] == [128, 256, 512]
    first = tiny["readings"][0]
    assert first["plain"]["seconds"] > 0
    assert len(first["whole"]["rounds"]) == 2
    assert first["whole"]["floor_own"] > 0
    assert first["whole"]["floor_large"] > 0
    assert tiny["readings"][2]["whole"] is None
    assert tiny["readings"][2]["sampled"]["seconds"] > 0


def test_a_reading_keeps_one_key_for_each_ratio_tokens(tiny: Any) -> None:
    assert tiny["readings"][0]["whole"]["kept"] == 128 / 8


def test_memory_a_token_is_the_plain_models_divided_by_the_ratio(tiny: Any) -> None:
    found = tiny["bytes_per_token"]
    assert found["by_ratio"] == {"2": found["plain"] / 2, "8": found["plain"] / 8}


def test_answers_are_timed_against_a_plain_model_of_as_many_keys(tiny: Any) -> None:
    found = tiny["decoding"]
    assert found["kept"] == 256 / 8
    assert found["loop_ratio"] == pytest.approx(found["loop_ms"] / found["plain_ms"])
    assert found["decode_ms"] > 0
    assert found["first_ms"] > 0


def test_questions_at_once_get_the_answers_they_get_one_by_one(tiny: Any) -> None:
    found = tiny["together"]
    assert found["equal"] == found["questions"] == 3
    assert found["answered"] == 12
    assert found["speedup"] == pytest.approx(found["alone_seconds"] / found["together_seconds"])
    assert found["bytes_ms"] > 0
    assert found["products_ms"] > 0
    assert found["bytes"] > found["kept"] * 2 * 2 * 2 * 16 * 4


def test_evidence_and_looking_back_are_timed_beside_a_plain_answer(tiny: Any) -> None:
    found = tiny["looking"]
    assert found["kept"] == 256 / 8
    assert found["looking_ratio"] > 1
    parts = found["find_ms"] + found["check_ms"] + found["again_ms"]
    assert found["looking_ratio"] == pytest.approx(parts / found["plain_ms"], rel=0.5)
    assert found["watched_ms"] > 0
    assert found["watched_bytes"] == 4 * 32
    assert found["looking_bytes"] > 0


def test_reopening_counts_the_first_token_too(tiny: Any) -> None:
    found = tiny["reopening"]
    assert 0 < found["open_seconds"] < found["first_token_seconds"]


def test_the_report_has_its_tables_and_plot_and_nothing_failed(out: Path, tiny: Any) -> None:
    report = (out / "report.md").read_text()
    assert tiny["failed"] == []
    for part in (
        "| tokens |",
        "bytes per token of text",
        "answering over",
        "questions at once",
        "from disk",
    ):
        assert part in report
    assert (out / "tiny.png").read_bytes().startswith(b"\x89PNG")


def test_a_case_in_its_own_process_says_why_it_failed(tmp_path: Path) -> None:
    with pytest.raises(CaseFailed, match="is not there; give the folder"):
        measure(Case("describe", str(tmp_path / "nothing")))


def test_operations_of_a_7b_model_are_those_worked_out_by_hand() -> None:
    assert QWEN2_7B.linear() == pytest.approx(13.05e9, rel=1e-3)
    for tokens, saving in ((131072, 2.09), (409_600, 3.57)):
        ours = QWEN2_7B.beacon_prefill(tokens, 8, 2048)
        assert QWEN2_7B.full_prefill(tokens) / ours == pytest.approx(saving, rel=0.01)


def test_a_text_of_one_window_sees_only_its_own_keys() -> None:
    assert mean_keys(1024, 8, 1024) == 1024 * 9 / 16


def test_reading_whole_leaves_nothing_sampled_only() -> None:
    for plan in plans(["builtin", "100m", "7b"], quick=False, whole=True):
        assert set(plan.sampled) <= set(plan.whole)
