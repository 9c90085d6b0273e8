"""What is done with a chat model besides asking it, and the tiny model that calls tools."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from beacon_qa.book import Book
from beacon_qa.engine import Engine
from beacon_qa.langchain import ChatBeacon

TOOL_MODEL = Path(__file__).parents[1] / "fixtures" / "tool-model"
"""A tiny model taught the replies to the prompts of LangChain's suite (see teach_tools.py)."""

FEW = {"max_tokens": 8}
ENDLESS = {"max_tokens": 100_000}


def engine_of(chat: ChatBeacon) -> Engine:
    book = chat.read()
    assert book is not None
    return book.engine


def opened(chat: ChatBeacon) -> Book:
    book = chat.read()
    assert book is not None
    return book


def like(chat: ChatBeacon, **changes: Any) -> ChatBeacon:
    return ChatBeacon(**{name: getattr(chat, name) for name in chat.model_fields_set} | changes)


def wait_for_the_model() -> None:
    """Until no thread decodes any more."""
    for thread in threading.enumerate():
        if "(_work)" in thread.name:
            thread.join(60)
            assert not thread.is_alive()
