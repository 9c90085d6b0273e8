"""Tools in LangChain: those a model calls, and a book that an agent may ask."""

from __future__ import annotations

from typing import Any

import pytest
from chats import TOOL_MODEL
from langchain_core.messages import HumanMessage, ToolMessage

from beacon_qa.errors import MessageError
from beacon_qa.langchain import ChatBeacon, ask_book_tool


def test_a_model_without_tools_says_so(chat: ChatBeacon) -> None:
    with pytest.raises(NotImplementedError, match="knows no tools"):
        chat.bind_tools([ask_book_tool("x.txt")])
    with pytest.raises(NotImplementedError, match="ask_book_tool"):
        ChatBeacon(device="cpu").with_structured_output({"title": "A", "type": "object"})


def test_tools_are_called_and_their_results_answered() -> None:
    def get_weather(location: str) -> str:
        """Get the weather at a location."""
        return f"Sunny in {location}."

    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu")
    bound = chat.bind_tools([get_weather])
    question = HumanMessage("What is the weather in San Francisco, CA?")
    told = bound.invoke([question])
    (call,) = told.tool_calls
    assert call["name"] == "get_weather"
    result = ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"])
    ended = bound.invoke([question, told, result])
    assert ended.content
    assert ended.tool_calls == []


def test_a_broken_call_is_told_as_invalid(settings: dict[str, Any]) -> None:
    """With few tokens the model cannot finish its call."""
    tool = {"name": "magic_function", "description": "Apply a magic function to an input."}
    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu", max_tokens=2)
    bound = chat.bind_tools([tool], tool_choice="any")
    told = bound.invoke("What is the value of magic_function(3)? Use the tool.")
    assert told.tool_calls == []
    assert "not JSON" in str(told.invalid_tool_calls[0]["error"])
    pieces = list(bound.stream("What is the value of magic_function(3)? Use the tool."))
    streamed = pieces[0]
    for piece in pieces[1:]:
        streamed += piece
    assert streamed.tool_calls == []
    assert len(streamed.invalid_tool_calls) == 1


@pytest.mark.parametrize("choice", ["fly", {"type": "function", "function": {"name": "fly"}}])
def test_a_choice_of_no_tool_is_refused(choice: Any) -> None:
    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu")
    tool = {"name": "swim", "description": "Swim."}
    with pytest.raises(MessageError, match="fly"):
        chat.bind_tools([tool], tool_choice=choice)


def test_an_agent_may_ask_a_book(chat: ChatBeacon) -> None:
    tool = ask_book_tool(chat)
    assert "whale" in tool.description
    told = tool.invoke({"question": "Who?"})
    assert told == chat.invoke("Who?").content
    call = {"name": "ask_book", "args": {"question": "Who?"}, "id": "1", "type": "tool_call"}
    message = tool.invoke(call)
    assert message.content == told
    assert message.artifact["usage"]["input_token_details"]["cache_read"] > 0


async def test_a_tool_tells_what_went_wrong(settings: dict[str, Any]) -> None:
    tool = ask_book_tool("nowhere", **settings)
    assert "nowhere" in await tool.ainvoke({"question": "Who?"})
    assert "nowhere" in tool.invoke({"question": "Who?"})
