"""Kept messages as the chat shows them, and the wording around them.

Knows the shape of gradio's chat messages; knows nothing of its components, nor of models. All
text comes from people, books and models, and is made harmless here, told or stored alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beacon_qa.chat.transcript import coverage_line, ended, usage_line
from beacon_qa.documents import Document, Span
from beacon_qa.errors import DocumentError
from beacon_qa.markdown import harmless, literal
from beacon_qa.places import find_place
from beacon_qa.shelf.conversations import Message

Bubble = dict[str, Any]

_SHORT = 60
"""Characters of a title made of a question, or of a chapter's name in a question."""


_FROM_MEMORY = (
    "The book was read once, before. Its tokens came from the condensed memory; only the question, "
    "and what was said since the last one, was read anew."
)


_NOT_ASKED = "Its sentences were looked up in the text; the model was not asked."


def bubbles(
    messages: Sequence[Message], live: int | None = None, *, waiting: bool = False
) -> list[Bubble]:
    """The messages for the chat.

    `live` is the id of an answer that is being told now; `waiting` says that the answer to the
    last question is on its way.
    """
    shown: list[Bubble] = []
    for message in messages:
        if message.role == "user" or message.id == live:
            shown.append(_bubble(message, message.text or "…"))
        else:
            shown += _answer(message)
    if messages and messages[-1].role == "user" and not waiting:
        shown.append(_unanswered(messages[-1]))
    return shown


def message_id(bubble: Mapping[str, Any]) -> int | None:
    """The id of the message a bubble belongs to; a browser may send any, so it is looked up."""
    found = (bubble.get("metadata") or {}).get("id")
    return found if isinstance(found, int) else None


def _unanswered(message: Message) -> Bubble:
    """What stands in the place of an answer that was stopped before its turn, or never came."""
    said = "It was stopped before the model had its turn. Retry to have it answered."
    shown = _bubble(message, said, title="Not answered")
    return {**shown, "role": "assistant"}


def _answer(message: Message) -> list[Bubble]:
    """The told text, and under it in small what it was told from."""
    details = message.details
    by_itself = not message.text and details.get("finish") == "stop"
    text = "*The model ended without a word.*" if by_itself else message.text
    parts = [_bubble(message, text)] if text else []
    lines = [ended(details), coverage_line(details), usage_line(details)]
    title = " · ".join(line[0].upper() + line[1:] for line in lines if line)
    if not title:
        return parts or [_bubble(message, "…")]
    error = str(details.get("error") or "")
    usage = details.get("usage") or {}
    basis = _FROM_MEMORY if usage.get("input_tokens", 1) else _NOT_ASKED
    said = literal(error) if error else basis
    return [*parts, _bubble(message, said, title=title, open=bool(error))]


def _bubble(message: Message, text: str, *, title: str = "", open: bool = False) -> Bubble:
    metadata: dict[str, Any] = {"id": message.id}
    if title:
        # A titled message folds; without a status it begins open.
        metadata |= {"title": title} | ({} if open else {"status": "done"})
    return {"role": message.role, "content": harmless(text), "metadata": metadata}


def short(text: str) -> str:
    """The beginning of a text, on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= _SHORT:
        return line
    return line[:_SHORT].rsplit(" ", 1)[0] + "…"


def first_questions(document: Document, as_of: str = "", *, small: bool = False) -> list[str]:
    """Questions to begin with, from the title and the chapters up to the place asked as of.

    A `small` model is only asked what sentences of the text answer.
    """
    chapters = [span for span in document.chapters if span.label.strip()]
    if as_of:
        known = find_place(document, as_of).end
        chapters = [span for span in chapters if span.end <= known]
    told = chapters[:1] + chapters[-1:] if len(chapters) > 1 else chapters
    return [
        f"What is “{short(document.title)}” about?",
        *([] if small else ["Who or what matters most in it, and why?"]),
        *(f"What happens in “{short(span.label)}”?" for span in told),
    ]


def places(document: Document) -> list[tuple[str, str]]:
    """(shown, stored) for each chapter to answer as of; the stored name finds the chapter again."""
    named = ((span, _name(document, span, n)) for n, span in enumerate(document.chapters, 1))
    return [(_shown(document, span), name) for span, name in named if name]


def _name(document: Document, span: Span, number: int) -> str:
    """The title, or the number where another chapter has the same title."""
    for name in (span.label, f"chapter {number}"):
        try:
            if find_place(document, name) == span:
                return name
        except DocumentError:
            continue
    return ""


def _shown(document: Document, span: Span) -> str:
    page = document.page_at(max(span.end - 1, span.start))
    return f"{short(span.label)}, to p. {page.label}" if page else short(span.label)
