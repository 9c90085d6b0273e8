"""A chat model of LangChain over a real tiny model and real books: what it tells, and from what."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from chats import FEW, engine_of, opened
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import ValidationError
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.errors import ModelError
from beacon_qa.langchain import BeaconLLM, ChatBeacon
from beacon_qa.reader import Reader


def test_a_question_is_answered_as_the_book_answers_it(chat: ChatBeacon) -> None:
    book = opened(chat)
    told = chat.invoke("Who tells of the whale?")
    assert told.content == book.ask("Who tells of the whale?", sampling=Sampling(8)).text
    assert book.coverage.complete


def test_the_book_is_read_once(chat: ChatBeacon, passes: list[int]) -> None:
    chat.invoke("Who?", max_tokens=1)
    after_first = passes[0]
    chat.invoke("Who?", max_tokens=1)
    assert passes[0] - after_first == after_first
    windows = opened(chat).coverage.windows
    assert after_first < windows


def test_follow_up_messages_are_answered_from_memory(chat: ChatBeacon) -> None:
    tokens = opened(chat).memory.tokens
    said = [HumanMessage("Who?"), AIMessage("The mate."), HumanMessage("How many?")]
    usage = chat.invoke(said).usage_metadata
    again = chat.invoke([*said, AIMessage("Seven."), HumanMessage("Why?")]).usage_metadata
    assert usage is not None
    assert again is not None
    assert usage["input_token_details"]["cache_read"] == tokens
    # The first two turns are in memory as well now; only what was said since is read.
    assert again["input_token_details"]["cache_read"] > tokens
    assert again["input_token_details"]["cache_creation"] < again["input_tokens"] - tokens


def test_history_may_exceed_the_window(chat: ChatBeacon) -> None:
    long = [HumanMessage("Tell me. " * 200), AIMessage("Yes. " * 200), HumanMessage("Why?")]
    usage = chat.invoke(long).usage_metadata
    assert usage is not None
    assert usage["input_token_details"]["cache_creation"] > 10 * engine_of(chat).window


def test_usage_counts_what_came_from_memory_and_what_was_read(chat: ChatBeacon) -> None:
    usage = chat.invoke("Who?").usage_metadata
    assert usage is not None
    details = usage["input_token_details"]
    assert details["cache_read"] == opened(chat).memory.tokens
    assert details["cache_read"] + details["cache_creation"] == usage["input_tokens"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert 0 < usage["output_tokens"] <= 8


def test_metadata_tells_what_the_answer_was_told_from(chat: ChatBeacon) -> None:
    told = chat.invoke("Who?").response_metadata
    book = opened(chat)
    assert told["model_name"] == chat.model
    assert told["book_id"] == book.id
    assert told["ratio"] == book.record.ratio
    assert told["coverage"] == str(book.coverage)
    assert told["coverage_counts"]["tokens"] == book.memory.tokens
    assert told["finish_reason"] in ("stop", "length")
    assert told["evidence_pages"] == []  # a text file has none
    assert isinstance(told["evidence"], list)


def test_evidence_names_the_pages(reader: Reader) -> None:
    chat = ChatBeacon(book=reader.read(make_document()), **FEW)
    told = chat.invoke("Who?").response_metadata
    labels = {page.label for page in make_document().pages}
    assert set(told["evidence_pages"]) <= labels
    assert len(told["evidence_pages"]) == len({one["page"] for one in told["evidence"]})


@pytest.mark.parametrize("kind", [ChatBeacon, BeaconLLM])
def test_looking_back_is_a_setting_and_an_option_of_a_call(reader: Reader, kind: Any) -> None:
    book = replace(reader, ratio=4).read(make_document())

    def told(model: Any, **options: Any) -> dict[str, Any]:
        result = model.generate(
            [[HumanMessage("Who?")] if kind is ChatBeacon else "Who?"], **options
        )
        generation = result.generations[0][0]
        if kind is BeaconLLM:
            return dict(generation.generation_info)
        return dict(generation.message.response_metadata)

    always = kind(book=book, **FEW, look_back="on")
    asked = book.ask("Who?", sampling=Sampling(8), look_back="on")
    assert asked.text
    again = told(always)["read_again"]
    assert again == [asdict(passage) for passage in asked.read_again] != []
    assert told(always, look_back="off")["read_again"] == []
    never = kind(book=book, **FEW, look_back="off")
    assert told(never)["read_again"] == []
    assert told(never)["evidence_pages"]
    assert told(never, look_back="on")["read_again"] == again
    with pytest.raises(ModelError, match="look_back is 'maybe'"):
        told(never, look_back="maybe")
    with pytest.raises(ValidationError):
        kind(book=book, look_back="maybe")


def test_a_book_at_hand_looks_back_as_its_reader_does(reader: Reader) -> None:
    engine = replace(reader.engine, look_back="on")
    book = replace(reader, engine=engine, ratio=4).read(make_document())
    assert ChatBeacon(book=book, **FEW).invoke("Who?").response_metadata["read_again"]


def test_a_stream_tells_the_same_and_ends_with_its_numbers(chat: ChatBeacon) -> None:
    whole = chat.invoke("Who?")
    chunks = list(chat.stream("Who?"))
    told = chunks[0]
    for chunk in chunks[1:]:
        told += chunk
    assert told.content == whole.content
    assert told.usage_metadata == whole.usage_metadata
    assert chunks[-1].chunk_position == "last"
    assert [bool(chunk.usage_metadata) for chunk in chunks].count(True) == 1
    assert {**whole.response_metadata, "evidence": []} == {
        **told.response_metadata,
        "evidence": [],
    }
