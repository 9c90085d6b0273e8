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


def test_a_copy_with_another_book_or_ratio_answers_from_that(
    chat: ChatBeacon, tmp_path: Path, text_file: Path
) -> None:
    first = opened(chat)
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text().replace("whale", "shark"))
    assert opened(chat.model_copy(update={"book": str(other)})).id != first.id
    assert opened(chat).id == first.id
    shallow = copy.copy(chat)
    shallow.ratio = 8
    assert opened(shallow).record.ratio == "8"
    chat.book = str(other)
    assert chat.invoke("Who?").response_metadata["book_title"] == "other"


def test_what_is_not_known_is_named_or_refused(
    chat: ChatBeacon, caplog: pytest.LogCaptureFixture
) -> None:
    ChatBeacon(temperature=1, cache=False)
    assert not caplog.messages
    ChatBeacon(temprature=1)  # type: ignore[call-arg]
    assert caplog.messages == ["ChatBeacon has no setting called 'temprature'; it is passed over."]
    with pytest.raises(MessageError, match="response_format"):
        chat.invoke("Who?", response_format={"type": "json_object"})
    with pytest.raises(ModelError, match="max_new_tokens is 0"):
        chat.invoke("Who?", max_tokens=0)


def test_a_stop_may_be_one_string(chat: ChatBeacon) -> None:
    whole = chat.invoke("Who?").content
    assert chat.invoke("Who?", stop="never in it").content == whole
    cut = str(whole)[2:5]
    assert chat.invoke("Who?", stop=cut).content == chat.invoke("Who?", stop=[cut]).content
    assert cut not in chat.invoke("Who?", stop=cut).content
