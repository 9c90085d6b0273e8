"""A list of chat messages as token ids, written by the model's own chat template.

Every text of a user, a model or a tool is rendered as a mark, and takes the mark's place when the
rest is tokenized: no text can become a control token, whatever the template does around it. Knows
a template and its texts; knows nothing of models or memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from beacon_qa.chat.tools import OPEN, ToolCall, ToolKit, is_name
from beacon_qa.errors import MessageError
from beacon_qa.prompts import Prompts
from beacon_qa.template import render

Role = Literal["system", "user", "assistant", "tool"]
Place = Literal["", "system", "user"]


@dataclass(frozen=True)
class Message:
    """One chat message; `tool_call_id` and `name` belong to the result of a tool."""

    role: Role
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Dialogue:
    """Ids to be read after the memory: up to the end of the last reply, and from there on.

    The last text stands at [start, end) of the question's ids: `asked`.
    """

    history: list[int]
    question: list[int]
    asked: tuple[int, int] = (0, 0)


def dialogue(
    prompts: Prompts,
    messages: Sequence[Message],
    *,
    document: bool = False,
    kit: ToolKit | None = None,
) -> Dialogue:
    """The ids of a conversation; with `document` those that go on behind a document's memory.

    Raises MessageError when the model's template cannot write it.
    """
    folded = _arranged(messages, fold=True)
    variants: list[tuple[list[Message], Place]] = [(folded, "system"), (folded, "user")]
    if not document:
        # A template without a system role refuses it; then the question holds what it said.
        variants = [(_arranged(messages, fold=False), ""), (folded, "")]
    for turns, place in variants:
        written = _written(prompts, turns, kit, place)
        if written is not None:
            return written
    raise MessageError(
        "This model's chat template cannot write "
        + ("these tools and " if kit else "")
        + f"messages of the roles {', '.join(message.role for message in messages)}"
        + (" behind a document" if document else "")
        + "; begin with the user, and let user and assistant take turns."
    )


def knows_tools(prompts: Prompts) -> bool:
    """Whether the template can offer tools, and write their calls and results."""
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    call = Message("assistant", "", (ToolCall("look", {"far": 1}),))
    messages = [Message("user", "Look."), call, Message("tool", "Done.")]
    if _written(prompts, messages, ToolKit.of([tool]), "") is None:
        return False
    marks = _Marks()
    text = render(prompts.tokenizer, [_turn(message, marks) for message in messages], [tool])
    # Some vocabularies hide the tag when it is decoded: then no call could be found.
    return OPEN in text and OPEN in prompts.text(prompts.template(OPEN))


@dataclass
class _Marks:
    """Words that stand for texts while the template is rendered."""

    texts: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    last_reply: str = ""

    def text(self, text: str) -> str:
        """Templates ask whether a text is empty: an empty one is written as it is."""
        return self._mark(str, text) if text else ""

    def arguments(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """A small object, which templates write as JSON, in place of the real one."""
        mark = self._mark(lambda word: json.dumps({word: 0}), _json(value))
        return dict(json.loads(mark))

    def tool(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """A small tool in place of the real one."""

        def written(word: str) -> str:
            return json.dumps({"type": "function", "function": {"name": word}})

        return dict(json.loads(self._mark(written, _json(value))))

    def _mark(self, written: Callable[[str], str], text: str) -> str:
        mark = written(f"qz{len(self.texts)}textzq")
        self.texts[mark] = text
        return mark


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _arranged(messages: Sequence[Message], *, fold: bool) -> list[Message]:
    """The messages as strict templates want them: one system message, in front, and no role twice.

    With `fold` there is none at all. What the system says elsewhere is put into the next question,
    or after the last one.
    """
    arranged: list[Message] = []
    waiting = ""
    for message in messages:
        if message.role == "system":
            waiting = _joined(waiting, message.text)
            continue
        if waiting and not arranged and not fold:
            arranged.append(Message("system", waiting))
            waiting = ""
        if message.role == "user":
            message = replace(message, text=_joined(waiting, message.text))
            waiting = ""
        _add(arranged, message)
    if waiting:
        _add(arranged, Message("user", waiting))
    return arranged


def _add(arranged: list[Message], message: Message) -> None:
    last = arranged[-1] if arranged else None
    if last and last.role == message.role and not (last.tool_calls or message.role == "tool"):
        message = replace(message, text=_joined(last.text, message.text))
        arranged.pop()
    arranged.append(message)


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _written(
    prompts: Prompts, messages: Sequence[Message], kit: ToolKit | None, place: Place
) -> Dialogue | None:
    """The dialogue, a document in the system message, in the first question, or nowhere.

    None when the template refuses it, or does not write each text once.
    """
    marks = _Marks()
    opening = marks.text("document") if place else ""
    before, after = prompts.fence
    fenced = f"{before}{opening}{after}"
    turns = [{"role": "system", "content": fenced}] if place == "system" else []
    turns += [_turn(message, marks) for message in messages]
    if place == "user":
        first = next(turn for turn in turns if turn["role"] == "user")
        first["content"] = f"{fenced}\n\n{first['content']}"
    tools = [marks.tool(tool) for tool in kit.tools] if kit else None
    text = render(prompts.tokenizer, turns, tools)
    return _cut(prompts, text, marks, opening, kit)


def _turn(message: Message, marks: _Marks) -> dict[str, Any]:
    """A message in the form that templates take, its texts as marks."""
    turn: dict[str, Any] = {"role": message.role, "content": marks.text(message.text)}
    if message.role == "user":
        marks.asked.add(turn["content"])
    if message.tool_calls:
        turn["tool_calls"] = [_call(call, marks) for call in message.tool_calls]
    if message.role == "assistant" and marks.texts:
        marks.last_reply = next(reversed(marks.texts))
    if message.role == "tool":
        # Few templates write these: they stand as they are, so only where they are mere names.
        known = {"tool_call_id": message.tool_call_id, "name": message.name}
        turn |= {key: value for key, value in known.items() if is_name(value)}
    return turn


def _call(call: ToolCall, marks: _Marks) -> dict[str, Any]:
    function = {"name": marks.text(call.name), "arguments": marks.arguments(call.arguments)}
    return {"type": "function", "id": call.id if is_name(call.id) else "", "function": function}


def _cut(
    prompts: Prompts, text: str, marks: _Marks, opening: str, kit: ToolKit | None
) -> Dialogue | None:
    """The rendered text as ids, the marks replaced by their texts."""
    if any(text.count(mark) != 1 for mark in marks.texts):
        return None
    ids: list[int] = []
    history = start = last = end = 0
    for mark in sorted(marks.texts, key=text.index):
        place = text.index(mark)
        ids += prompts.template(text[start:place])
        start = place + len(mark)
        if mark == opening:
            if ids != list(prompts.layout.opening):
                return None
            ids = []
            continue
        last = len(ids)
        words = marks.texts[mark]
        ids += prompts.asked(words) if mark in marks.asked else prompts.answer(words)
        end = len(ids)
        if mark == marks.last_reply:
            history = len(ids)
    ids += prompts.template(text[start:] + (kit.opening if kit else ""))
    return Dialogue(ids[:history], ids[history:], (last - history, end - history))
