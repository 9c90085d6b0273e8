"""A shell with an empty shelf, and two files to read in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell


@pytest.fixture
def shell(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tiny_checkpoint, tmp_path / "shelf", capsys)


@pytest.fixture
def chapters_file(tmp_path: Path) -> Path:
    path = tmp_path / "voyage.md"
    path.write_text(
        "# Loomings\n\nCall me Ishmael. I went to sea.\n\n"
        "# The Chase\n\nThe whale was seen. The ship was lost.\n"
    )
    return path


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    path = tmp_path / "long.txt"
    path.write_text("\n\n".join(f"Sentence {n} tells of whale {n * 7}." for n in range(1200)))
    return path
