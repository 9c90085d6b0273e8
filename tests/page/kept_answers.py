"""Answers as a conversation keeps them, with evidence on the third page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from beacon_qa.book import Book
from beacon_qa.shelf import Shelf


def kept(book: Book, text: str, **details: Any) -> dict[str, Any]:
    """Details as the conversation keeps them, with evidence on the third page."""
    page = book.document.pages[2]
    passage = {"start": page.start, "end": page.end, "page": "3", "chapter": "x", "score": 0.4}
    return {
        "finish": "stop",
        "coverage": asdict(book.coverage),
        "evidence": [passage],
        "attention": [1.0] * book.coverage.windows,
        "as_of": book.up_to,
        **details,
    }


def answered(shelf: Shelf, book: Book, text: str, **details: Any) -> int:
    """The id of an answer about a book."""
    talk = shelf.conversations.start(book.id, as_of=book.up_to)
    shelf.conversations.add(talk.id, "user", "Who?")
    return shelf.conversations.add(talk.id, "assistant", text, kept(book, text, **details)).id
