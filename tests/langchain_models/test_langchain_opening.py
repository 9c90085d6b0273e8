"""The model and the book that LangChain's models name: loaded once, found, or refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from chats import FEW, engine_of, opened
from langchain_core.messages import HumanMessage
from pydantic import ValidationError

from beacon_qa.errors import BookNotFound, MessageError, ModelError
from beacon_qa.langchain import ChatBeacon


def test_a_model_is_loaded_once_for_all_that_ask(
    settings: dict[str, Any], chat: ChatBeacon
) -> None:
    other = ChatBeacon(**settings, **FEW).with_book(chat.book)
    assert engine_of(other) is engine_of(chat)
    assert opened(copy.deepcopy(chat)).id == opened(chat).id


def test_with_book_takes_a_path_an_id_a_title_a_book_or_none(
    settings: dict[str, Any], text_file: Path
) -> None:
    bare = ChatBeacon(**settings, **FEW)
    book = opened(bare.with_book(text_file))
    for name in (book.id, book.title, book):
        assert opened(bare.with_book(name)).id == book.id
    assert bare.with_book(book).with_book(None).read() is None
    assert bare.with_book(book).max_tokens == 8


def test_a_book_that_is_not_there_is_refused_with_a_sentence(settings: dict[str, Any]) -> None:
    with pytest.raises(BookNotFound, match="nowhere"):
        ChatBeacon(**settings, book="nowhere").invoke("Who?")


def test_another_model_may_be_named_in_a_call(chat: ChatBeacon) -> None:
    told = chat.invoke("Who?", model="built-in")
    assert told.response_metadata["model_name"] == "built-in"
    assert told.response_metadata["book_id"] != opened(chat).id
    with pytest.raises(ModelError, match="cannot be answered"):
        chat.with_book(opened(chat)).invoke("Who?", model="built-in")


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1}, {"max_tokens": 0}, {"top_p": 2}, {"max_retries": -1}]
)
def test_settings_out_of_range_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatBeacon(**wrong)


def test_messages_that_are_not_text_are_refused(chat: ChatBeacon) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(MessageError, match="image_url"):
        chat.invoke([HumanMessage([picture])])
