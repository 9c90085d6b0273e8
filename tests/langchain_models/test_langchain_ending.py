"""Answers of LangChain's models that run out of time, are cancelled or left: the model stops."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from chats import ENDLESS, FEW, engine_of, wait_for_the_model

from beacon_qa.errors import AnswerTimeout
from beacon_qa.langchain import ChatBeacon


def test_a_timeout_stops_the_model(chat: ChatBeacon, passes: list[int]) -> None:
    with pytest.raises(AnswerTimeout, match="over while answering"):
        chat.invoke("Who?", timeout=0.2, **ENDLESS)
    wait_for_the_model()
    assert passes[0] < ENDLESS["max_tokens"] / 10
    with pytest.raises(TimeoutError):
        list(chat.stream("Who?", timeout=0.2, **ENDLESS))


def test_a_timeout_ends_the_reading_which_goes_on_later(
    settings: dict[str, Any], text_file: Path
) -> None:
    text_file.write_text("The whale was seen again, and it was white. " * 200)
    chat = ChatBeacon(**settings, **FEW, book=str(text_file), timeout=0.01)
    with pytest.raises(AnswerTimeout, match="over while reading whale"):
        chat.invoke("Who?")
    seen: list[int] = []
    book = chat.read(on_progress=lambda progress: seen.append(progress.windows))
    assert book is not None
    assert book.coverage.complete
    assert len(seen) <= book.coverage.windows


def test_a_call_that_waits_for_another_to_read_the_book_keeps_its_time(
    settings: dict[str, Any], text_file: Path
) -> None:
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    told: list[BaseException] = []

    def ask() -> None:
        try:
            chat.invoke("Who?", timeout=0.01)
        except AnswerTimeout as error:
            told.append(error)

    def wait(progress: Any) -> None:
        if not told:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join(60)

    assert chat.read(on_progress=wait) is not None
    assert "while another one reads" in str(told[0])


async def test_cancelling_an_asynchronous_stream_stops_the_model(
    chat: ChatBeacon, passes: list[int]
) -> None:
    stream = chat.astream("Who?", **ENDLESS)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.to_thread(wait_for_the_model)
    assert passes[0] < ENDLESS["max_tokens"] / 10


async def test_cancelling_an_asynchronous_call_stops_the_model(
    chat: ChatBeacon, passes: list[int]
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    hook = engine_of(chat).model.register_forward_pre_hook(
        lambda *_: loop.call_soon_threadsafe(begun.set)
    )
    task = asyncio.create_task(chat.ainvoke("Who?", **ENDLESS))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hook.remove()
    await asyncio.to_thread(wait_for_the_model)
    assert passes[0] < ENDLESS["max_tokens"] / 10


def test_a_stream_that_is_left_stops_the_model(chat: ChatBeacon, passes: list[int]) -> None:
    stream = chat.stream("Who?", **ENDLESS)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    wait_for_the_model()
    assert passes[0] < ENDLESS["max_tokens"] / 10
