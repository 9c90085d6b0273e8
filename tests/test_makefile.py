"""What `make builtin` runs, and what it says without texts."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from beacon_qa.cli import build_parser

ROOT = Path(__file__).parents[1]


def made(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def test_the_builtin_model_is_trained_and_then_measured_on_the_novels_held_out(
    tmp_path: Path,
) -> None:
    folders = [f"{name}={tmp_path}" for name in ("TEXTS", "NOVELS", "BUILTIN")]
    told = made("-n", "builtin", *folders, "TRAIN=--steps 5", "EVALUATE=--quick").stdout
    lines = [line.partition(" -m beacon_qa ")[2] for line in told.splitlines()]
    train, evaluate = (shlex.split(line) for line in lines if line)
    trained = build_parser("train").parse_args(train)
    measured = build_parser("evaluate").parse_args(evaluate)
    assert (trained.builtin, trained.steps, measured.quick) == (True, 5, True)
    assert trained.texts == trained.held_out == trained.out == tmp_path
    assert measured.model == str(tmp_path)
    assert measured.out == tmp_path / "evaluation"


def test_without_texts_it_says_what_to_say() -> None:
    told = made("builtin")
    assert told.returncode == 2
    assert "make builtin TEXTS=folder NOVELS=folder" in told.stdout
    assert "pip" not in told.stdout
