"""The command line with one model and one shelf, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beacon_qa.cli import main

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs commands in this process with one model and one shelf."""

    def __init__(self, model: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.model = model
        self.shelf = shelf
        self.capsys = capsys

    def options(self, command: str) -> list[str]:
        shelf = ["--shelf", str(self.shelf)]
        return shelf if command in ("shelf", "doctor") else [*shelf, "--model", str(self.model)]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main([*words, *self.options(words[0])])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The same command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "beacon_qa", *words, *self.options(words[0])],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
