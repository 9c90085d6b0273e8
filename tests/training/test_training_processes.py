"""Several processes that train one model: the run is that of one process with all the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, distributed

from beacon_qa.cli import main
from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch
from beacon_qa.training.processes import ALONE, Processes


def words(base: Path, texts: Path, out: Path, steps: int, rows: int) -> list[str]:
    """The command line of a run of `steps` on the CPU."""
    given = {"base": base, "texts": texts, "out": out, "steps": steps, "rows": rows}
    fixed = {"tokens": 128, "learning-rate": 1e-3, "precision": 32, "device": "cpu"}
    return ["train", *(str(word) for k, v in {**given, **fixed}.items() for word in (f"--{k}", v))]


def rows_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in (out / "training" / "log.jsonl").read_text().splitlines()]


def learnt(base: Path, out: Path) -> Tensor:
    """How far the beacons' projections went from where they began."""
    before, after = load_file(base / "model.safetensors"), load_file(out / "model.safetensors")
    names = sorted(name for name in before if "beacon" in name)
    return torch.cat([(after[name] - before[name]).flatten() for name in names])


def test_two_processes_train_as_one_with_twice_the_rows_and_carry_on(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    texts, one, two, less = text_file.parent, *(tmp_path / name for name in ("one", "two", "less"))
    for steps in (1, 3):
        assert main(words(tiny_checkpoint, texts, one, steps, rows=2)) == 0
        both = [*words(tiny_checkpoint, texts, two, steps, rows=1), "--processes", "2"]
        assert main(both) == 0
        told = capfd.readouterr().out
        assert told.count(f"{steps} of {steps} steps done; the model is in {two}") == 1
    alike = [(row["step"], row["ratio"], row["tokens"]) for row in rows_of(one)]
    assert [(row["step"], row["ratio"], row["tokens"]) for row in rows_of(two)] == alike
    for a, b in zip(rows_of(one), rows_of(two), strict=True):
        assert a["loss"] == pytest.approx(b["loss"], abs=2e-4)
        assert a["norm"] == pytest.approx(b["norm"], abs=2e-3)
    assert main(words(tiny_checkpoint, texts, less, 3, rows=1)) == 0
    wanted = learnt(tiny_checkpoint, one)
    apart = (learnt(tiny_checkpoint, two) - wanted).norm() / wanted.norm()
    control = (learnt(tiny_checkpoint, less) - wanted).norm() / wanted.norm()
    assert apart < 1e-3
    assert control > 0.1


def test_what_is_wrong_is_told_once_by_several_processes(
    text_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = words(tmp_path / "nowhere", text_file.parent, tmp_path / "out", 2, rows=1)
    assert main([*wrong, "--processes", "2"]) == 2
    told = capfd.readouterr().err
    assert told.count("is not there; give the folder") == 1
    assert "Traceback" not in told


def test_a_batch_is_shared_out_in_rows() -> None:
    points = [np.full((1, 4), row) for row in range(6)]
    batch = Batch(np.arange(12).reshape(6, 2), np.ones((6, 2), np.float32), points, 1)
    parts = [Processes(rank, 3).own(batch) for rank in range(3)]
    assert np.array_equal(np.concatenate([part.ids for part in parts]), batch.ids)
    assert [int(one[0, 0]) for part in parts for one in part.points] == list(range(6))
    assert {part.far for part in parts} == {1}
    assert ALONE.own(batch).ids.shape == (6, 2)
    with pytest.raises(TrainingError, match="6 rows cannot be shared out evenly to 4"):
        Processes(0, 4).own(batch)


def test_the_end_of_another_process_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(tensor: Tensor) -> None:
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(distributed, "all_reduce", broken)
    with pytest.raises(TrainingError, match="Another of the 2 processes has ended"):
        Processes(0, 2).agreed(True)
