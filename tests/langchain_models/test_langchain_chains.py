"""LangChain's models in chains, conversations, batches and events, and the one of plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chats import FEW, like, opened
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

from beacon_qa.beacon import Sampling
from beacon_qa.langchain import BeaconLLM, ChatBeacon


def test_a_chain_of_prompt_model_and_parser(chat: ChatBeacon) -> None:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Answer as a {who}."), ("human", "{question}")]
    )
    chain = prompt | chat | StrOutputParser()
    told = chain.invoke({"who": "sailor", "question": "Who?"})
    asked = opened(chat).ask("Answer as a sailor.\n\nWho?", sampling=Sampling(8))
    assert told == asked.text
    assert "".join(chain.stream({"who": "sailor", "question": "Who?"})) == told


# Deprecated in LangChain, and still in the programs of many.
@pytest.mark.filterwarnings("ignore:.* (was|is) deprecated")
def test_a_conversation_with_message_history(chat: ChatBeacon) -> None:
    histories: dict[str, InMemoryChatMessageHistory] = {}
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("past"), ("human", "{q}")])
    talk = RunnableWithMessageHistory(
        prompt | chat,
        lambda session: histories.setdefault(session, InMemoryChatMessageHistory()),
        input_messages_key="q",
        history_messages_key="past",
    )
    one: Any = {"configurable": {"session_id": "one"}}
    two: Any = {"configurable": {"session_id": "two"}}
    first = talk.invoke({"q": "Who?"}, config=one)
    second = talk.invoke({"q": "How many?"}, config=one)
    alone = talk.invoke({"q": "How many?"}, config=two)
    assert len(histories["one"].messages) == 4
    assert histories["one"].messages[1].content == first.content
    direct = chat.invoke([HumanMessage("Who?"), first, HumanMessage("How many?")])
    assert second.content == direct.content
    assert second.usage_metadata["input_tokens"] > alone.usage_metadata["input_tokens"]


def test_a_batch_of_eight_questions_is_answered_as_one_by_one(chat: ChatBeacon) -> None:
    questions = [f"Who tells of whale {number}?" for number in range(8)]
    told = chat.batch(questions, config={"max_concurrency": 4})
    assert [one.content for one in told] == [chat.invoke(one).content for one in questions]


async def test_an_asynchronous_batch_reads_the_book_once(
    settings: dict[str, Any], text_file: Path
) -> None:
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    told = await chat.abatch([f"Who is {number}?" for number in range(8)])
    assert len(told) == 8
    assert {one.response_metadata["book_id"] for one in told} == {opened(chat).id}


async def test_events_of_a_chain_are_streamed(chat: ChatBeacon) -> None:
    chain = ChatPromptTemplate.from_template("{question}") | chat | StrOutputParser()
    events = [event async for event in chain.astream_events({"question": "Who?"}, version="v2")]
    pieces = [
        event["data"]["chunk"].content
        for event in events
        if event["event"] == "on_chat_model_stream"
    ]
    assert "".join(pieces) == chat.invoke("Who?").content
    (end,) = [event for event in events if event["event"] == "on_chat_model_end"]
    assert end["data"]["output"].usage_metadata["output_tokens"] > 0


def test_callbacks_see_each_piece_and_the_end(chat: ChatBeacon) -> None:
    class Watch(BaseCallbackHandler):
        def __init__(self) -> None:
            self.pieces: list[str] = []
            self.ends = 0

        def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.pieces.append(str(token))

        def on_llm_end(self, response: Any, **_: Any) -> None:
            self.ends += 1

    streaming = like(chat, streaming=True)
    watch = Watch()
    told = streaming.invoke("Who?", config={"callbacks": [watch]})
    assert "".join(watch.pieces) == told.content
    assert len(watch.pieces) > 2
    assert watch.ends == 1


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_a_stop_string_that_spans_tokens_ends_the_answer_and_is_left_out(
    chat: ChatBeacon, size: int
) -> None:
    whole = str(chat.invoke("Who?", max_tokens=24).content)
    middle = len(whole) // 2
    stop = whole[middle : middle + size]
    told = chat.invoke("Who?", max_tokens=24, stop=[stop])
    assert told.content == whole[: whole.index(stop)]
    assert told.response_metadata["finish_reason"] == "stop"
    always = like(chat, stop=[stop])
    assert always.invoke("Who?", max_tokens=24).content == told.content
    assert "".join(str(c.content) for c in always.stream("Who?", max_tokens=24)) == told.content


def test_a_prompt_to_the_text_model_is_a_question(
    settings: dict[str, Any], text_file: Path
) -> None:
    llm = BeaconLLM(**settings, **FEW, book=str(text_file))
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    assert llm.invoke("Who?") == chat.invoke("Who?").content
    assert "".join(llm.stream("Who?")) == llm.invoke("Who?")
    assert llm.batch(["Who?", "What?"]) == [llm.invoke("Who?"), llm.invoke("What?")]
    (told,) = llm.generate(["Who?"]).generations[0]
    assert told.generation_info is not None
    assert told.generation_info["usage"]["input_token_details"]["cache_read"] > 0
    assert told.generation_info["coverage"]


async def test_the_text_model_answers_asynchronously(
    settings: dict[str, Any], text_file: Path
) -> None:
    llm = BeaconLLM(**settings, **FEW, book=str(text_file))
    told = await llm.ainvoke("Who?")
    assert told == llm.invoke("Who?")
    assert "".join([piece async for piece in llm.astream("Who?")]) == told
