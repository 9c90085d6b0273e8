"""Tools that a model may call: offered to it, and its calls found in what it says.

The format is that of Qwen2.5, Qwen3 and their kin: a call is JSON between `<tool_call>` and
`</tool_call>`. Knows text and JSON; knows nothing of models, templates or what a tool does.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beacon_qa.errors import MessageError

OPEN, CLOSE = "<tool_call>", "</tool_call>"

_EXTRA = str.maketrans("", "", "._-")


@dataclass(frozen=True)
class ToolCall:
    """A tool's name and the arguments it is called with."""

    name: str
    arguments: Mapping[str, Any]
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}", compare=False)


@dataclass(frozen=True)
class BrokenCall:
    """What stood where a call should be, and what is wrong with it."""

    text: str
    reason: str


@dataclass(frozen=True)
class ToolKit:
    """The tools offered, as JSON schemas of functions in OpenAI's form.

    `choice` is "auto" (the model decides), "any" (it has to call one) or the name of the tool
    that it has to call.
    """

    tools: tuple[Mapping[str, Any], ...]
    choice: str = "auto"

    @classmethod
    def of(cls, tools: Sequence[Mapping[str, Any]], choice: str | None = None) -> ToolKit:
        """The tools, checked; raises MessageError for a malformed one or an unknown choice."""
        for tool in tools:
            function = tool.get("function")
            if not isinstance(function, Mapping) or not is_name(function.get("name")):
                raise MessageError(
                    f"A tool is {str(dict(tool))[:80]!r}; give each as "
                    '{"type": "function", "function": {"name": ..., "parameters": ...}}, its name '
                    "of letters, digits, dots, dashes and underscores."
                )
        chosen = {None: "auto", "required": "any"}.get(choice, choice)
        kit = cls(tuple(tools), str(chosen))
        if chosen not in ("auto", "any", *kit.names):
            raise MessageError(
                f"tool_choice is {choice!r}; it must be auto, any, required or one of "
                f"{', '.join(kit.names) or 'no tools'}."
            )
        return kit

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools."""
        return tuple(str(tool["function"]["name"]) for tool in self.tools)

    @property
    def opening(self) -> str:
        """How a reply has to begin, so that it is a call of the tool chosen; often empty."""
        if self.choice == "auto":
            return ""
        name = "" if self.choice == "any" else f'{self.choice}", "arguments": '
        return f'{OPEN}\n{{"name": "{name}'

    def calls(self, pieces: Iterable[str]) -> Iterator[str | ToolCall | BrokenCall]:
        """A reply told in pieces, as text and calls; each call comes when it is complete.

        A reply that ended inside a call ends with what can be made of it.
        """
        inside = bool(self.opening)
        held = self.opening.removeprefix(OPEN)
        for piece in pieces:
            held += piece
            while (found := held.find(CLOSE if inside else OPEN)) >= 0:
                before, held = held[:found], held[found + len(CLOSE if inside else OPEN) :]
                if inside:
                    yield self._call(before)
                elif before.strip():
                    yield before.rstrip()
                inside = not inside
            if not inside:
                cut = len(held) - _undecided(held)
                if held[:cut]:
                    yield held[:cut]
                held = held[cut:]
        if held.strip():
            yield self._call(held) if inside else held

    def _call(self, text: str) -> ToolCall | BrokenCall:
        try:
            said = json.loads(text, strict=False)
        except ValueError as error:
            return BrokenCall(text.strip(), f"This is not JSON: {error}")
        if not isinstance(said, dict) or said.get("name") not in self.names:
            return BrokenCall(text.strip(), f"It names none of the tools {', '.join(self.names)}.")
        arguments = said.get("arguments", {})
        if not isinstance(arguments, dict):
            return BrokenCall(text.strip(), "The arguments are not a JSON object.")
        return ToolCall(said["name"], arguments)


def is_name(name: Any) -> bool:
    """Whether a word is nothing that JSON, a template or a tokenizer could take for a sign."""
    return isinstance(name, str) and bool(name) and name.translate(_EXTRA).isalnum()


def _undecided(text: str) -> int:
    """The length of the end of a text that may be white space before a call, or its beginning."""
    size = next((n for n in range(len(OPEN) - 1, 0, -1) if text.endswith(OPEN[:n])), 0)
    before = text[: len(text) - size]
    return size + len(before) - len(before.rstrip())
