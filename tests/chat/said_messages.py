"""A question, a short conversation, and a tool whose description is hostile."""

from __future__ import annotations

from typing import Any

from templates import HOSTILE

from beacon_qa.beacon import Sampling
from beacon_qa.chat.messages import Message

FEW = Sampling(max_new_tokens=8)
QUESTION = Message("user", "Who counted the whales?")
TALK = [QUESTION, Message("assistant", "The mate."), Message("user", "How many?")]
ADD: dict[str, Any] = {
    "type": "function",
    "function": {"name": "add", "description": HOSTILE, "parameters": {"type": "object"}},
}
