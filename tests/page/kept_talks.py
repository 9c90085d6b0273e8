"""Conversations to be answered: a question asked in one, and how long the answer may be."""

from __future__ import annotations

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.shelf import Shelf

FEW = Sampling(max_new_tokens=12)
MANY = Sampling(max_new_tokens=1500)


def ask(book: Book, shelf: Shelf, question: str = "Who?", as_of: str = "") -> int:
    """A new conversation with an open question."""
    talk = shelf.conversations.start(book.id, question, as_of)
    shelf.conversations.add(talk.id, "user", question)
    return talk.id
