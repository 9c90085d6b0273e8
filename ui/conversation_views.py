"""What the conversation panel shows of a book and a conversation, as updates of its components.

Knows the panel's components and the shelf; starts no work and keeps nothing.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from beacon_qa.desk.job import Job
from beacon_qa.documents import Document
from beacon_qa.errors import BookNotFound
from beacon_qa.markdown import apart, literal
from beacon_qa.reader import Reader
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.conversations import Conversation
from ui.bubbles import bubbles, first_questions, places, short
from ui.conversation_parts import END, NEW
from ui.library import Library

ASK: dict[str, Any] = {"submit_btn": "Ask", "stop_btn": False}
"""The question's buttons while nothing is told."""

_NO_BOOK = "Choose a book on the shelf, or drop one there."

STOP: dict[str, Any] = {"submit_btn": False, "stop_btn": "Stop"}
"""The question's buttons while an answer is told."""


def chat(reader: Reader, book_id: str, conversation_id: int | None, as_of: str) -> Any:
    """The chat with all messages, or with first questions where there are none."""
    if not book_id:
        return gr.update(value=[], placeholder=_NO_BOOK, examples=[])
    said = reader.shelf.conversations.messages(conversation_id) if conversation_id else []
    record = reader.shelf.get(book_id)
    document = reader.shelf.document(book_id)
    first = first_questions(document, as_of, small=reader.engine.prompts.plain)
    return gr.update(
        value=bubbles(said),
        placeholder=_invitation(record),
        examples=[{"text": question} for question in first],
    )


def invitation(reader: Reader, book_id: str) -> Any:
    """What the chat says while nothing is asked."""
    said = _invitation(reader.shelf.get(book_id)) if book_id else _NO_BOOK
    return gr.update(placeholder=said)


def picker(reader: Reader, book_id: str, conversation_id: int | None) -> Any:
    """The conversations about the book, the one last spoken in first."""
    talks = reader.shelf.conversations.of_book(book_id) if book_id else []
    choices = [NEW[::-1], *((title(talk), talk.id) for talk in talks)]
    return gr.Dropdown(choices, value=conversation_id or NEW[0], interactive=bool(book_id))


def title(talk: Conversation) -> str:
    """A conversation's title, and the place it is held from."""
    name = talk.title or f"Conversation {talk.id}"
    return f"{name} (as of {short(talk.as_of)})" if talk.as_of else name


def as_of_choice(document: Document | None, as_of: str) -> Any:
    """The chapters to answer as of; a place that is none of them is a choice of its own."""
    choices = [END, *(places(document) if document else [])]
    if as_of not in [value for _, value in choices]:
        choices.append((as_of, as_of))
    return gr.Dropdown(choices, value=as_of, interactive=document is not None)


def question(book_id: str, running: bool = False) -> Any:
    """The field for questions, with a button to ask, or to stop the answer being told."""
    buttons = STOP if running else ASK
    prompt = "Ask about the book" if book_id else "Choose a book first"
    return gr.update(placeholder=prompt, interactive=bool(book_id), **buttons)


def status(library: Library, request: gr.Request | None, book_id: str) -> tuple[str, bool]:
    """The book's state in one line, and whether it may still change by itself."""
    if not book_id:
        return "", False
    reader = library.reader(request)
    record = reader.shelf.get(book_id)
    job = library.desk.job_of(reader, book_id)
    name = f"**{apart(literal(record.title))}**"
    if record.state == "ready":
        return f"{name}: {_coverage(library, request, record)}.", False
    return f"{name}: {_unfinished(record, job)}", True


def _coverage(library: Library, request: gr.Request | None, record: BookRecord) -> str:
    try:
        return f"{library.book(request, record.id).coverage} read"
    except BookNotFound:
        return f"read by another model ({literal(record.model_name)}); read it again with this one"


def _unfinished(record: BookRecord, job: Job | None) -> str:
    progress = job.progress if job is not None else None
    if progress is not None:
        pages = (
            f"page {progress.pages:,} of {progress.total_pages:,}, " if progress.total_pages else ""
        )
        return (
            f"being read, {pages}window {progress.windows:,} of {progress.total_windows:,}. "
            "You can ask already; answers say how far they know it."
        )
    if job is not None and job.state in ("waiting", "parsing"):
        return "waits to be read. You can ask as soon as its first window is read."
    reason = (job.reason if job is not None else "") or record.reason
    if record.state == "failed":
        return f"could not be read to its end. {literal(reason)}"
    return f"{record.windows:,} of {record.total_windows:,} windows read. {literal(reason)}"


def _invitation(record: BookRecord) -> str:
    name = f"**Ask anything about {apart(literal(record.title))}.**"
    if record.state == "ready":
        return f"{name}\n\nAnswers come from the whole text, read once."
    return f"{name}\n\nIt is not read to its end yet: answers say how far they know it."
