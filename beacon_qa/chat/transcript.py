"""A kept conversation: gone on with, or given out with what each answer was told from.

Knows kept messages and their details; knows nothing of models, or of where files go.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from beacon_qa.chat.chat import Turn
from beacon_qa.markdown import harmless, literal
from beacon_qa.shelf.conversations import Conversation, Message

_ENDED = {
    "": "not finished",
    "cancelled": "stopped",
    "length": "ended at the answer length that was set",
    "failed": "failed",
}
"""How an answer ended, where it did not end by itself."""


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The questions that got an answer, with it."""
    pairs = itertools.pairwise(messages)
    return [
        Turn(asked.text, told.text)
        for asked, told in pairs
        if (asked.role, told.role) == ("user", "assistant") and told.text
    ]


def as_markdown(title: str, conversation: Conversation, messages: Sequence[Message]) -> str:
    """The conversation about the book of this title as a Markdown file.

    Questions and answers keep their own Markdown, but can load nothing and hold no HTML.
    """
    parts = [f"# {literal(title)}"]
    if conversation.title:
        parts.append(f"**{literal(conversation.title)}**")
    begun = f"Begun {conversation.created[:16].replace('T', ' ')} UTC"
    place = f"; held as of {literal(conversation.as_of)}" if conversation.as_of else ""
    parts.append(f"{begun}{place}.")
    for message in messages:
        heading = "## Question" if message.role == "user" else "### Answer"
        parts += [heading, harmless(message.text)]
        if message.role == "assistant":
            parts += [f"*{literal(line)}*" for line in account(message.details)]
            parts += [f"Rests on: {pages}." for pages in [_pages(message.details)] if pages]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(title: str, conversation: Conversation, messages: Sequence[Message]) -> str:
    """The conversation with all that was kept of it, as JSON."""
    value = {
        "book": {"id": conversation.book_id, "title": title},
        "conversation": {
            "id": conversation.id,
            "title": conversation.title,
            "as_of": conversation.as_of,
            "created": conversation.created,
            "updated": conversation.updated,
        },
        "messages": [
            {
                "role": message.role,
                "text": message.text,
                "created": message.created,
                "details": message.details,
            }
            for message in messages
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def account(details: Mapping[str, Any]) -> list[str]:
    """What an answer was told from, and how it ended, as short lines; whatever is known of it."""
    lines = [ended(details), coverage_line(details), usage_line(details)]
    if details.get("error"):
        lines.append(str(details["error"]))
    return [line for line in lines if line]


def ended(details: Mapping[str, Any]) -> str:
    """How the answer ended if that was not by itself, else an empty line."""
    return _ENDED.get(str(details.get("finish", "stop")), "")


def usage_line(details: Mapping[str, Any]) -> str:
    """Tokens and seconds: "read from memory: 62,349 tokens; 14 new · 25 told in 3.2 s".

    "" where the model was not asked.
    """
    usage = details.get("usage")
    if not usage or not usage["input_tokens"]:
        return ""
    cached = usage["cached_tokens"]
    line = f"read from memory: {cached:,} tokens; {usage['input_tokens'] - cached:,} new"
    told = f"{usage['output_tokens']:,} told"
    seconds = details.get("seconds")
    return f"{line} · {told}" + (f" in {seconds:.1f}\u00a0s" if seconds is not None else "")


def coverage_line(details: Mapping[str, Any]) -> str:
    """How much of the text the answer knew: all of it, or as of which place."""
    coverage, as_of = details.get("coverage"), str(details.get("as_of") or "")
    if not coverage:
        return ""
    pages, total_pages = coverage["pages"], coverage["total_pages"]
    windows, total_windows = coverage["windows"], coverage["total_windows"]
    read = f"{windows:,} of {total_windows:,} windows"
    if coverage["tokens"] >= coverage["total_tokens"]:
        all_pages = f"{pages:,} of {total_pages:,} pages, " if total_pages else ""
        return f"{all_pages}{read} read"
    page = f"page {pages:,} of {total_pages:,}"
    place = page if total_pages else f"window {windows:,} of {total_windows:,}"
    if not as_of:
        return f"as of {place}: the rest was not read yet"
    return f"as of the end of {as_of}: {place}, nothing beyond"


def _pages(details: Mapping[str, Any]) -> str:
    """The pages or chapters of the evidence, best first, each once."""
    names: list[str] = []
    for passage in details.get("evidence") or ():
        page, chapter = passage.get("page"), passage.get("chapter")
        name = f"p. {page}" if page else str(chapter or "")
        if name and name not in names:
            names.append(name)
    return ", ".join(literal(name) for name in names)
