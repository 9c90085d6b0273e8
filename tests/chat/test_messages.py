"""Chat messages answered from a book's memory or without a book, and messages that are refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from said_messages import ADD, FEW, QUESTION, TALK

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.dialogue import dialogue
from beacon_qa.chat.histories import Histories
from beacon_qa.chat.messages import Message, answer_messages, message, text_of
from beacon_qa.chat.tools import ToolCall, ToolKit
from beacon_qa.engine import Engine
from beacon_qa.errors import ConfigError, MessageError
from beacon_qa.reader import Reader


def test_one_message_is_answered_as_a_question_to_the_book(book: Book) -> None:
    answer = answer_messages(book.engine, [QUESTION], book=book, sampling=FEW)
    asked = book.ask(QUESTION.text, sampling=FEW)
    assert answer.text == asked.text
    assert answer.usage == asked.usage
    assert answer.coverage == book.coverage


def test_a_conversation_is_answered_as_a_chat_with_the_book(book: Book) -> None:
    chat = book.chat([Turn(TALK[0].text, TALK[1].text)])
    told = answer_messages(book.engine, TALK, book=book, sampling=FEW)
    assert told.text == chat.ask(TALK[2].text, sampling=FEW).text


def test_answering_messages_leaves_memory_unchanged(book: Book) -> None:
    before = (book.memory.tokens, book.memory.kept)
    assert answer_messages(book.engine, TALK, book=book, sampling=FEW).text
    assert (book.memory.tokens, book.memory.kept) == before


def test_a_conversation_that_grew_is_not_read_again(book: Book) -> None:
    histories = Histories()
    later = [*TALK, Message("assistant", "Seven."), Message("user", "Why?")]

    def answer(messages: list[Message], kept: Histories | None) -> tuple[str, int, int]:
        told = answer_messages(book.engine, messages, book=book, sampling=FEW, histories=kept)
        return told.text, told.usage.input_tokens, told.usage.cached_tokens

    first = answer(TALK, histories)
    again = answer(TALK, histories)
    grown = answer(later, histories)
    alone = answer(later, None)
    assert first[2] == alone[2] == book.memory.tokens
    assert again[:2] == first[:2]
    assert grown[:2] == alone[:2]
    history = len(dialogue(book.engine.prompts, TALK, document=True).history)
    assert again[2] == grown[2] == book.memory.tokens + history


def test_histories_of_two_books_are_kept_apart(reader: Reader, book: Book, text_file: Path) -> None:
    other = reader.read(text_file)
    histories = Histories()
    for one in (book, other, book.as_of(3)):
        answer = answer_messages(reader.engine, TALK, book=one, sampling=FEW, histories=histories)
        assert answer.usage.cached_tokens == one.memory.tokens
        alone = answer_messages(reader.engine, TALK, book=one, sampling=FEW)
        assert answer.text == alone.text


def test_histories_stay_within_their_bytes(book: Book) -> None:
    histories = Histories(nbytes=book.memory.nbytes // 2)
    for _ in range(2):
        answer = answer_messages(book.engine, TALK, book=book, sampling=FEW, histories=histories)
        assert answer.text
        assert answer.usage.cached_tokens == book.memory.tokens


def test_messages_without_a_book_are_answered(engine: Engine) -> None:
    answer = answer_messages(engine, [QUESTION], sampling=FEW)
    assert answer.text
    assert answer.usage.cached_tokens == 0
    assert answer.coverage.total_tokens == 0


def test_what_fits_a_window_is_answered_as_by_the_plain_model(engine: Engine) -> None:
    settings = Sampling(max_new_tokens=6)
    ids = dialogue(engine.prompts, [QUESTION]).question
    assert len(ids) + 6 <= engine.window
    told = answer_messages(engine, [QUESTION], sampling=settings).text
    plain = engine.model.generate(torch.tensor([ids]), max_new_tokens=6, do_sample=False)
    assert told == engine.prompts.text(plain[0, len(ids) :].tolist()).strip()


def test_messages_longer_than_a_window_are_condensed(engine: Engine) -> None:
    long = Message("user", "Tell me of the whale. " * 400)
    answer = answer_messages(engine, [long, TALK[1], TALK[2]], sampling=FEW)
    assert answer.usage.input_tokens > 20 * engine.window
    assert answer.text
    assert answer_messages(engine, [long], sampling=FEW).text


def test_messages_longer_than_the_model_can_hold_are_refused(engine: Engine, book: Book) -> None:
    endless = [Message("user", "whale " * 60_000)]
    with pytest.raises(ConfigError, match="does not fit"):
        answer_messages(engine, endless)
    with pytest.raises(MessageError, match="positions"):
        answer_messages(engine, endless, book=book)


def test_cancelling_ends_the_reading_of_a_long_conversation(engine: Engine) -> None:
    long = [Message("user", "whale " * 12_000), TALK[1], TALK[2]]
    histories = Histories()
    answer = answer_messages(engine, long, sampling=FEW, histories=histories)
    told: list[str] = []
    begun = threading.Event()
    passes = engine.model.register_forward_pre_hook(lambda *_: begun.set())
    thread = threading.Thread(target=lambda: told.append(answer.text))
    thread.start()
    assert begun.wait(60)
    answer.cancel()
    thread.join(60)
    passes.remove()
    assert not thread.is_alive()
    assert told == [""]
    assert answer.finish == "cancelled"
    # What was read in part must not be taken for the whole.
    again = answer_messages(engine, long, sampling=FEW, histories=histories)
    assert again.usage.cached_tokens == 0


def test_tools_are_refused_by_a_model_that_knows_none(engine: Engine) -> None:
    with pytest.raises(MessageError, match="knows no tools"):
        answer_messages(engine, [QUESTION], tools=ToolKit.of([ADD]))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "There are 0 messages"),
        ([Message("system", "Be brief.")], "the last is no question"),
        (TALK[:2], "the last is of the assistant"),
    ],
)
def test_messages_without_a_question_are_refused(
    engine: Engine, messages: list[Message], reason: str
) -> None:
    with pytest.raises(MessageError, match=reason):
        answer_messages(engine, messages)


def test_a_message_in_openais_form_is_understood() -> None:
    call = {"id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}
    told = message({"role": "assistant", "content": None, "tool_calls": [call]})
    assert told == Message("assistant", "", (ToolCall("add", {"a": 1}),))
    assert told.tool_calls[0].id == "c1"
    assert message({"role": "developer", "content": "Be brief."}).role == "system"
    result = message({"role": "tool", "content": "2", "tool_call_id": "c1"})
    assert result.tool_call_id == "c1"


def test_blocks_of_text_are_joined_and_thoughts_left_out() -> None:
    blocks = ["One.", {"type": "text", "text": "Two."}, {"type": "thinking", "thinking": "Hm."}]
    assert text_of(blocks) == "One.\n\nTwo."
    assert text_of(None) == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"role": "king", "content": "x"}, "the role 'king'"),
        ({"role": ["user"], "content": "x"}, "the role"),
        ({"content": "x"}, "the role None"),
        ({"role": "user", "content": 7}, "content is of type int"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "type 'image_url'"),
        ({"role": "user", "content": [{"type": "text"}]}, "type 'text'"),
        ({"role": "user", "content": [7]}, "type 'int'"),
        ({"role": "assistant", "tool_calls": [{"id": "x"}]}, "tool call"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "{"}}]},
            "tool call",
        ),
        ({"role": "assistant", "tool_calls": ["x"]}, "tool call"),
    ],
)
def test_a_malformed_message_is_refused_with_a_sentence(value: Any, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        message(value)


def test_a_history_too_large_to_be_kept_costs_no_other_its_place(engine: Engine) -> None:
    small, large = (engine.model.new_memory(2) for _ in range(2))
    engine.model(input_ids=torch.tensor([[5] * 20]), past_key_values=small)
    engine.model(input_ids=torch.tensor([[5] * 200]), past_key_values=large)
    kept = Histories(nbytes=small.nbytes * 2)
    kept.keep(("book",), [1, 2], small)
    kept.keep(("book",), [3, 4], large)
    assert kept.find(("book",), [3, 4, 5]) == (0, None)
    assert kept.find(("book",), [1, 2, 3]) == (2, small)
