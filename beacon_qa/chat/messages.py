"""Answering a list of chat messages, from a book's memory or without a book.

With a book its memory stands first, and the messages follow it as the conversation they are.
Without one they are the whole text. Either way what goes beyond the model's window is condensed.
Knows engines, books and messages; knows nothing of who sends them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any, get_args

from beacon_qa.answer import Answer, Coverage
from beacon_qa.beacon import Memory, Sampling
from beacon_qa.beacon.windows import most_kept
from beacon_qa.book import Book
from beacon_qa.chat.dialogue import Dialogue, Message, Role, dialogue, knows_tools
from beacon_qa.chat.histories import Histories
from beacon_qa.chat.tools import ToolCall, ToolKit
from beacon_qa.engine import Engine
from beacon_qa.errors import MessageError
from beacon_qa.evidence.looking import LookBack, Looking, check_look_back
from beacon_qa.prompts import Prompts
from beacon_qa.ratios import schedule_for, written

__all__ = ["Message", "answer_messages", "message", "text_of"]

_NO_TEXT = Coverage(0, 0, 0, 0, 0, 0)
"""Without a book there is no text to cover."""


def answer_messages(
    engine: Engine,
    messages: Sequence[Message],
    *,
    book: Book | None = None,
    sampling: Sampling | None = None,
    stop: Sequence[str] = (),
    tools: ToolKit | None = None,
    histories: Histories | None = None,
    look_back: LookBack | None = None,
) -> Answer:
    """The answer to the last message, told as it is iterated; nothing is read before.

    What was said before it is read on behind the memory of `book`; with `histories` only the part
    that is new. With `tools` the answer may hold calls, which `tools.calls(answer)` takes out of
    it. `look_back` is as in `Book.ask`; without a book there is nothing to look back at. Raises
    MessageError for messages that cannot be answered, ModelError or ConfigError when they are
    longer than the model can hold, and ModelError for a `look_back` that is none.
    """
    if look_back is not None:
        check_look_back(look_back)
    _check(engine, messages, tools)
    asked = _asked(book, messages)
    talk = dialogue(engine.prompts, asked, document=book is not None, kit=tools)
    wanted = sampling or Sampling()
    start = _start(engine, book, len(talk.history) + len(talk.question))
    known, memory = histories.find(start.key, talk.history) if histories else (0, None)
    cached = start.tokens + known
    halt = Event()
    # The last window's worth is left for the answer's own first step.
    left = min(len(talk.question), engine.window)

    def read() -> Memory:
        base = memory or start.make()
        if known < len(talk.history):
            base = engine.read_on(talk.history[known:], base, should_stop=halt.is_set)
            if histories is not None and not halt.is_set():
                histories.keep(start.key, talk.history, base)
        return engine.read_on(talk.question[:-left], base, should_stop=halt.is_set)

    return engine.answer(
        messages[-1].text,
        partial(_in_view, engine.prompts, talk, left),
        read,
        cached=cached,
        fresh=len(talk.history) - known + len(talk.question),
        coverage=_NO_TEXT if book is None else book.coverage,
        sampling=wanted,
        stop=stop,
        halt=halt,
        looking=_looking(book, messages[-1].text, look_back, tools),
        asked=asked[-1].text,
        after=len(talk.question) - talk.asked[1],
    )


def _asked(book: Book | None, messages: Sequence[Message]) -> Sequence[Message]:
    """The messages as the model is given them: questions about a book in the book's spelling."""
    if book is None:
        return messages
    return [
        replace(message, text=book.asked(message.text)) if message.role == "user" else message
        for message in messages
    ]


def _looking(
    book: Book | None, question: str, look_back: LookBack | None, kit: ToolKit | None
) -> Looking | None:
    # What is told on the way would be calls of tools, which nobody answers there.
    rounds = 1 if kit else None
    return book.looking(look_back, question, rounds) if book is not None else None


def _in_view(
    prompts: Prompts,
    talk: Dialogue,
    left: int,
    *,
    again: Sequence[Sequence[int]] = (),
    notes: Sequence[str] = (),
) -> list[int]:
    """The last `left` ids of the question, with passages and notes in view before its text."""
    ids = talk.question[-left:]
    # Where even the question is longer than a window, they stand in front of its last part.
    place = max(0, talk.asked[0] - (len(talk.question) - left))
    return prompts.with_view(ids, place, first=not talk.history, again=again, notes=notes)


def message(value: Mapping[str, Any]) -> Message:
    """A message in OpenAI's form (role, content, tool_calls, tool_call_id, name) as ours.

    Raises MessageError for a role, a content or a call that is none.
    """
    roles: dict[Any, Role] = {"developer": "system", **{role: role for role in get_args(Role)}}
    role = roles.get(str(value.get("role")))
    if role is None:
        raise MessageError(
            f"A message has the role {value.get('role')!r}; it must be one of {', '.join(roles)}."
        )
    calls = tuple(_call(call) for call in value.get("tool_calls") or ())
    return Message(
        role,
        text_of(value.get("content")),
        calls,
        str(value.get("tool_call_id") or ""),
        str(value.get("name") or ""),
    )


def text_of(content: Any) -> str:
    """The text of a message's content: a string, nothing, or a list of blocks of text.

    What a model thought before it answered is left out. Raises MessageError for any other block:
    an image or a sound cannot be read.
    """
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, Sequence):
        raise MessageError(
            f"A message's content is of type {type(content).__name__}; give text, or a list of "
            "text blocks."
        )
    return "\n\n".join(filter(None, map(_block, content)))


def _block(block: Any) -> str:
    if isinstance(block, str):
        return block
    kind = block.get("type") if isinstance(block, Mapping) else type(block).__name__
    if kind in ("thinking", "redacted_thinking", "reasoning"):
        return ""
    text = block.get("text") if isinstance(block, Mapping) else None
    if kind not in ("text", "input_text", "output_text") or not isinstance(text, str):
        raise MessageError(
            f"A message holds a block of type {kind!r}; only text can be read: send blocks of "
            'type "text", and documents as books.'
        )
    return text


def _call(value: Any) -> ToolCall:
    try:
        function = value["function"]
        said = function.get("arguments") or "{}"
        arguments = json.loads(said) if isinstance(said, str) else said
        return ToolCall(str(function["name"]), dict(arguments), str(value.get("id") or ""))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MessageError(
            f"A tool call is {str(value)[:80]!r}; give "
            '{"function": {"name": ..., "arguments": a JSON object as text}}.'
        ) from error


def _check(engine: Engine, messages: Sequence[Message], tools: ToolKit | None) -> None:
    said = [message for message in messages if message.role != "system"]
    if not said or said[-1].role == "assistant":
        raise MessageError(
            f"There are {len(messages)} messages and the last is "
            + (f"of the {said[-1].role}" if said else "no question")
            + "; end with a message of the user."
        )
    uses_tools = tools or any(one.role == "tool" or one.tool_calls for one in said)
    if uses_tools and not knows_tools(engine.prompts):
        raise MessageError(
            f"The chat template of {engine.name} knows no tools; ask without them, or take a "
            "model of the Qwen2.5 or Qwen3 kind."
        )


@dataclass(frozen=True)
class _Start:
    """What the messages are read after: its key among histories, its tokens, and itself."""

    key: tuple[str, ...]
    tokens: int
    make: Callable[[], Memory]


def _start(engine: Engine, book: Book | None, tokens: int) -> _Start:
    """A book's memory, or an empty one, in which so many tokens have room.

    The answer is not counted: its limit may be set as high as one likes.
    """
    if book is not None:
        memory = book.memory
        _check_room(engine, memory, tokens)
        key = (engine.key, book.id, str(memory.tokens))
        return _Start(key, memory.tokens, lambda: memory)
    ratio = schedule_for(engine.model, "auto", tokens)
    key = (engine.key, "", written(ratio))
    return _Start(key, 0, lambda: engine.model.new_memory(ratio))


def _check_room(engine: Engine, memory: Memory, tokens: int) -> None:
    ratio = min(memory.clock.schedule or memory.ratios or engine.model.beacon.ratios)
    kept = memory.kept + most_kept(tokens, ratio, engine.window)
    positions = engine.model.beacon.positions
    if kept > positions:
        raise MessageError(
            f"This conversation of {tokens} tokens after the book would take {kept} positions, "
            f"and the model has {positions}; begin a new one, or read the book at a higher ratio."
        )
