"""Who says whether an answer looks back: a call, a reader, a list of messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from looking_back import FEW, told

from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.messages import Message, answer_messages
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import ModelError
from beacon_qa.reader import Reader


def test_a_way_that_is_none_is_refused_with_its_sentence(tiny_book: Book, tmp_path: Path) -> None:
    sentence = "look_back is 'maybe'; it must be one of auto, on, narrow, off."
    chat = tiny_book.chat()
    ways: list[Any] = [
        lambda: tiny_book.ask("Who?", look_back="maybe"),  # type: ignore[arg-type]
        lambda: chat.ask("Who?", look_back="maybe"),  # type: ignore[arg-type]
        lambda: Reader.load(shelf=tmp_path, look_back="maybe"),  # type: ignore[arg-type]
        lambda: Engine.load(look_back="maybe"),  # type: ignore[arg-type]
        lambda: answer_messages(tiny_book.engine, [Message("user", "Who?")], look_back="maybe"),  # type: ignore[arg-type]
    ]
    for way in ways:
        with pytest.raises(ModelError) as error:
            way()
        assert str(error.value) == sentence


def test_a_refused_question_leaves_the_answer_being_told(tiny_book: Book) -> None:
    chat = tiny_book.chat()
    first = chat.ask("Who?", sampling=FEW)
    with pytest.raises(ModelError):
        chat.ask("Why?", look_back="maybe")  # type: ignore[arg-type]
    assert first.text
    assert first.finish != "cancelled"


def test_a_reader_and_its_engine_have_a_way_of_their_own(
    tiny_checkpoint: Path, tmp_path: Path, document: Document
) -> None:
    never = Reader.load(tiny_checkpoint, device="cpu", shelf=tmp_path, ratio=4, look_back="off")
    book = never.read(document)
    answer = book.ask("Who?", sampling=FEW)
    assert answer.text
    assert answer.read_again == ()
    assert told(book, "on", "Who?").read_again
    assert Reader.load(tiny_checkpoint, device="cpu", shelf=tmp_path).engine.look_back == "auto"


def test_messages_look_back_as_a_book_and_a_chat_do(tiny_book: Book) -> None:
    engine = tiny_book.engine
    first = [Message("user", "Who is it?")]
    later = [*first, Message("assistant", "It is a whale."), Message("user", "And why?")]
    chat = tiny_book.chat([Turn("Who is it?", "It is a whale.")])
    for messages, wanted in (
        (first, told(tiny_book, "on", "Who is it?")),
        (later, chat.ask("And why?", sampling=FEW, look_back="on")),
    ):
        answer = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="on")
        assert answer.text == wanted.text
        assert answer.read_again == wanted.read_again
        assert answer.read_again
        plain = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="off")
        assert plain.text
        assert plain.evidence
        assert plain.read_again == ()


def test_a_question_longer_than_a_window_may_look_back(tiny_book: Book) -> None:
    messages = [Message("user", "Who is the captain of the ship? " * 12)]
    engine = tiny_book.engine
    answer = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="on")
    assert len(engine.prompts.question(messages[0].text)) > 2 * engine.window
    assert answer.text
    assert answer.read_again
