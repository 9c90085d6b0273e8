"""What is told beside an answer's text: tokens, ratio, coverage, evidence, how it ended.

Knows answers and LangChain's names for these; knows nothing of how an answer comes about.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

from beacon_qa.chat.tools import BrokenCall, ToolCall
from beacon_qa.langchain.call import Call


def usage(call: Call) -> UsageMetadata | None:
    """Tokens of the answer: `cache_read` from memory, `cache_creation` newly read."""
    if call.answer is None:
        return None
    used = call.answer.usage
    return UsageMetadata(
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        total_tokens=used.input_tokens + used.output_tokens,
        input_token_details={
            "cache_read": used.cached_tokens,
            "cache_creation": used.input_tokens - used.cached_tokens,
        },
    )


def metadata(call: Call) -> dict[str, Any]:
    """The model, how the answer ended, and with a book what it was told from."""
    told: dict[str, Any] = {"model_provider": "beacon-qa", "model_name": call.model}
    if call.answer is not None:
        told["finish_reason"] = call.answer.finish
    if call.book is not None and call.answer is not None:
        passages = [dataclasses.asdict(one) for one in call.answer.evidence]
        told |= {
            "book_id": call.book.id,
            "book_title": call.book.title,
            "ratio": call.book.record.ratio,
            "coverage": str(call.answer.coverage),
            "coverage_counts": dataclasses.asdict(call.answer.coverage),
            "evidence": passages,
            "read_again": [dataclasses.asdict(one) for one in call.answer.read_again],
            "evidence_pages": list(dict.fromkeys(one["page"] for one in passages if one["page"])),
        }
    return told


def parts_as_fields(parts: list[str | ToolCall | BrokenCall]) -> dict[str, Any]:
    """Text and calls as the fields of a message."""
    return {
        "content": "".join(part for part in parts if isinstance(part, str)),
        "tool_calls": [
            tool_call(name=part.name, args=dict(part.arguments), id=part.id)
            for part in parts
            if isinstance(part, ToolCall)
        ],
        "invalid_tool_calls": [
            invalid_tool_call(args=part.text, error=part.reason)
            for part in parts
            if isinstance(part, BrokenCall)
        ],
    }


def chunk(part: str | ToolCall | BrokenCall, index: int) -> AIMessageChunk:
    """A piece of text, or the call with this index, as a piece of a message."""
    if isinstance(part, str):
        return AIMessageChunk(content=part)
    if isinstance(part, ToolCall):
        said = json.dumps(dict(part.arguments), ensure_ascii=False)
        call = tool_call_chunk(name=part.name, args=said, id=part.id, index=index)
    else:
        # As a JSON text: a broken object would be mended, and taken for a call of no tool.
        call = tool_call_chunk(args=json.dumps(part.text, ensure_ascii=False), index=index)
    return AIMessageChunk(content="", tool_call_chunks=[call])
