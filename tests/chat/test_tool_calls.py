"""Calls of tools found in a reply: however it is cut, broken ones, ones that have to be made."""

from __future__ import annotations

import pytest
from said_messages import ADD, QUESTION
from templates import tokenizer

from beacon_qa.chat.dialogue import dialogue
from beacon_qa.chat.tools import BrokenCall, ToolCall, ToolKit
from beacon_qa.errors import MessageError
from beacon_qa.prompts import Prompts

SAID = (
    'Let me see.\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": "x</y>"}}\n</tool_call>\n'
    '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_calls_are_found_however_the_reply_is_cut(size: int) -> None:
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    parts = list(ToolKit.of([ADD]).calls(pieces))
    assert "".join(part for part in parts if isinstance(part, str)) == "Let me see."
    calls = [part for part in parts if not isinstance(part, str)]
    assert calls == [ToolCall("add", {"a": 1, "b": "x</y>"}), ToolCall("add", {})]
    assert len({call.id for call in calls if isinstance(call, ToolCall)}) == 2


def test_text_is_told_at_once_unless_a_call_may_begin() -> None:
    parts = ToolKit.of([ADD]).calls(["A ", "b < ", "c <tool", "box> d"])
    assert list(parts) == ["A", " b <", " c", " <toolbox> d"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('<tool_call>{"name": "add", "arguments": {', "not JSON"),
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "none of the tools"),
        ('<tool_call>["add"]</tool_call>', "none of the tools"),
        ('<tool_call>{"name": "add", "arguments": [1]}</tool_call>', "not a JSON object"),
        ("<tool_call>add(1)</tool_call>", "not JSON"),
    ],
)
def test_a_call_that_is_none_is_told_as_broken(said: str, reason: str) -> None:
    (part,) = ToolKit.of([ADD]).calls([said])
    assert isinstance(part, BrokenCall)
    assert reason in part.reason
    assert part.text in said


def test_a_call_cut_off_after_its_json_counts() -> None:
    (part,) = ToolKit.of([ADD]).calls(['<tool_call>\n{"name": "add", "arguments": {"a": 1}}'])
    assert part == ToolCall("add", {"a": 1})


@pytest.mark.parametrize(
    ("choice", "rest"), [("any", 'add", "arguments": {"a": 1}}'), ("add", '{"a": 1}}')]
)
def test_a_tool_that_has_to_be_called_opens_the_reply(choice: str, rest: str) -> None:
    made = tokenizer()
    kit = ToolKit.of([ADD], choice)
    asked = dialogue(Prompts(made), [QUESTION], kit=kit).question
    assert made.decode(asked).endswith(f"<|im_start|>assistant\n{kit.opening}")
    assert made.convert_tokens_to_ids("<tool_call>") in asked
    assert list(kit.calls([rest, "</tool_call>"])) == [ToolCall("add", {"a": 1})]


def test_a_malformed_tool_or_choice_is_refused() -> None:
    with pytest.raises(MessageError, match="give each as"):
        ToolKit.of([{"name": "add"}])
    with pytest.raises(MessageError, match="of letters, digits"):
        ToolKit.of([{"function": {"name": 'a", "b'}}])
    with pytest.raises(MessageError, match="tool_choice is 'fly'"):
        ToolKit.of([ADD], "fly")
