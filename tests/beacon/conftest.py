"""A tiny model of random weights, which condenses windows of 16 tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_models import make_checkpoint

from beacon_qa.beacon import load_model


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return load_model(
        make_checkpoint(tmp_path / "model", "qwen2", seed=1, beacon_ratio=[2, 4, 8]), device="cpu"
    )
