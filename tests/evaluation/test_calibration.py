"""Choosing the heads to watch: better ones take the place of those a model has, others do not."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from beacon_qa.cli import main
from beacon_qa.engine import BUILTIN, Engine
from beacon_qa.evaluation.calibrate import calibrate
from beacon_qa.evaluation.hiding import HidingPlace, planted
from beacon_qa.evaluation.prose import DEMO
from beacon_qa.training.folder import documents_in


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The built-in model in a folder of its own."""
    return Path(shutil.copytree(BUILTIN, tmp_path / "model"))


def name_heads(checkpoint: Path, heads: list[list[int]]) -> None:
    config = checkpoint / "config.json"
    settings = json.loads(config.read_text("utf-8")) | {"beacon_evidence_heads": heads}
    config.write_text(json.dumps(settings), "utf-8")


def places(engine: Engine) -> list[HidingPlace]:
    documents = list(documents_in(DEMO))
    return [
        planted(documents, engine.prompts, 1024, 6, random.Random(seed), split="train")
        for seed in (1, 2)
    ]


def test_heads_that_find_nothing_give_way_to_heads_that_do(checkpoint: Path) -> None:
    name_heads(checkpoint, [[0, 0]])
    engine = Engine.load(checkpoint)
    chosen = calibrate(engine, places(engine), 8)
    assert not chosen.kept
    assert (0, 0) not in chosen.heads[:1]
    assert chosen.found > 0.6


def test_heads_that_find_as_much_stay(checkpoint: Path) -> None:
    engine = Engine.load(checkpoint)
    first = calibrate(engine, places(engine), 8)
    name_heads(checkpoint, [list(head) for head in first.heads])
    again = Engine.load(checkpoint)
    second = calibrate(again, places(again), 8)
    assert second.kept
    assert (second.heads, second.found) == (first.heads, first.found)


def test_the_command_writes_what_was_chosen_into_the_config(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name_heads(checkpoint, [[0, 0]])
    words = ["evaluate", "--calibrate", "--model", str(checkpoint), "--number", "1"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    settings = json.loads((checkpoint / "config.json").read_text("utf-8"))
    assert settings["beacon_evidence_heads"] != [[0, 0]]
    assert settings["beacon_evidence_contrast"] >= 0
    assert "of 8 facts" in capsys.readouterr().out


def test_a_model_that_is_no_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--calibrate", "--out", str(tmp_path)]) == 2
    assert "give --model FOLDER" in capsys.readouterr().err
