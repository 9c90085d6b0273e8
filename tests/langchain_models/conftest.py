"""A text of a dozen windows, and a chat model that answers from it with few tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chats import FEW, engine_of

from beacon_qa.langchain import ChatBeacon


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text of a dozen windows."""
    path = tmp_path / "whale.txt"
    path.write_text("\n\n".join(f"Sentence {n} tells of whale {n * 7}." for n in range(20)))
    return path


@pytest.fixture
def settings(tiny_checkpoint: Path, tmp_path: Path) -> dict[str, Any]:
    return {"model": str(tiny_checkpoint), "device": "cpu", "shelf": str(tmp_path / "books")}


@pytest.fixture
def chat(settings: dict[str, Any], text_file: Path) -> ChatBeacon:
    return ChatBeacon(**settings, **FEW, book=str(text_file))


@pytest.fixture
def passes(chat: ChatBeacon) -> Iterator[list[int]]:
    """How many passes of the model there were, as long as it is watched."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1

    model = engine_of(chat).model
    hook = model.register_forward_pre_hook(count)
    yield seen
    hook.remove()
