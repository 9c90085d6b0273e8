"""Answers in OpenAI's shapes: whole, or as the events of a stream.

Knows the shapes; knows nothing of how an answer comes about or is sent.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from beacon_qa.answer import Usage
from beacon_qa.chat.tools import ToolCall
from beacon_qa.server.call import End, Part

DONE = "data: [DONE]\n\n"
"""The last event of every stream."""


def event(value: dict[str, Any]) -> str:
    """A value as an event of a stream."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def usage(used: Usage) -> dict[str, Any]:
    """Tokens of an answer; `cached_tokens` came from memory and were not read."""
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }


@dataclass(frozen=True)
class Shape:
    """One answer in the shape of chat or of completions."""

    kind: Literal["chat", "text"]
    model: str
    fingerprint: str
    created: int = field(default_factory=lambda: int(time.time()))
    ident: str = field(default_factory=lambda: secrets.token_hex(12))

    def whole(self, parts: Sequence[Part], end: End) -> dict[str, Any]:
        """The whole answer."""
        text = "".join(part for part in parts if isinstance(part, str))
        calls = [part for part in parts if isinstance(part, ToolCall)]
        choice: dict[str, Any] = {"index": 0, "finish_reason": end.finish, "logprobs": None}
        if self.kind == "text":
            choice["text"] = text
        else:
            message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
            if calls:
                message["tool_calls"] = [_call(call) for call in calls]
                message["content"] = text or None
            choice["message"] = message
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": usage(end.usage), "beacon": end.beacon}

    def opening(self) -> list[dict[str, Any]]:
        """What a stream begins with."""
        return [self._chunk({"role": "assistant", "content": ""})] if self.kind == "chat" else []

    def piece(self, part: Part, index: int) -> dict[str, Any]:
        """A piece of text, or the call with this index."""
        if isinstance(part, str):
            return self._chunk({"content": part})
        return self._chunk({"tool_calls": [{"index": index, **_call(part)}]})

    def closing(self, end: End, wants_usage: bool) -> list[dict[str, Any]]:
        """What a stream ends with."""
        last = {**self._chunk({}, end.finish), "beacon": end.beacon}
        if not wants_usage:
            return [last]
        counted = {**self._head("chat.completion.chunk"), "choices": [], "usage": usage(end.usage)}
        return [last, counted]

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
        if self.kind == "text":
            choice["text"] = delta.get("content", "")
        else:
            choice["delta"] = delta
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        chat = self.kind == "chat"
        return {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{self.ident}",
            "object": kind if chat else "text_completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
