"""Conversations about the books of a shelf, kept across restarts.

Knows questions and answers as text, and which book they belong to; knows nothing of models.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from beacon_qa.errors import ShelfError
from beacon_qa.shelf.catalog import Catalog

Role = Literal["user", "assistant"]


@dataclass(frozen=True)
class Conversation:
    """One conversation about one book; `as_of` is empty or names the place it is held from."""

    id: int
    book_id: str
    title: str
    as_of: str
    created: str
    updated: str


@dataclass(frozen=True)
class Message:
    """A question or an answer; `details` is whatever was kept with it (usage, coverage)."""

    id: int
    conversation_id: int
    role: Role
    text: str
    created: str
    details: dict[str, Any] = field(default_factory=dict)


class Conversations:
    """The conversations in a catalog; all raise ShelfError for an id that is not there."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def start(self, book_id: str, title: str = "", as_of: str = "") -> Conversation:
        """Begin a conversation about a book that is on the shelf."""
        now = _now()
        with self._catalog.transaction() as db:
            if db.execute("SELECT 1 FROM books WHERE id = ?", (book_id,)).fetchone() is None:
                raise ShelfError(f"No book {book_id} is on the shelf to talk about.")
            row = db.execute(
                "INSERT INTO conversations (book_id, title, as_of, created, updated)"
                " VALUES (?, ?, ?, ?, ?)",
                (book_id, title, as_of, now, now),
            )
            return Conversation(int(row.lastrowid or 0), book_id, title, as_of, now, now)

    def get(self, conversation_id: int) -> Conversation:
        """The conversation of this id."""
        with self._catalog.view() as db:
            return _conversation(db, conversation_id)

    def of_book(self, book_id: str) -> list[Conversation]:
        """All conversations about a book, the one last spoken in first."""
        with self._catalog.view() as db:
            rows = db.execute(
                "SELECT * FROM conversations WHERE book_id = ? ORDER BY updated DESC, id DESC",
                (book_id,),
            )
            return [Conversation(**row) for row in rows]

    def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give the conversation another title."""
        with self._catalog.transaction() as db:
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id))
            return _conversation(db, conversation_id)

    def hold(self, conversation_id: int, as_of: str) -> Conversation:
        """Hold the conversation from another place; raises ShelfError once it has messages.

        What was said already could know more than the new place allows.
        """
        with self._catalog.transaction() as db:
            _conversation(db, conversation_id)
            said = "SELECT 1 FROM messages WHERE conversation_id = ?"
            if db.execute(said, (conversation_id,)).fetchone() is not None:
                raise ShelfError(
                    f"Conversation {conversation_id} has begun; start a new one to talk as of "
                    "another place."
                )
            db.execute("UPDATE conversations SET as_of = ? WHERE id = ?", (as_of, conversation_id))
            return _conversation(db, conversation_id)

    def remove(self, conversation_id: int) -> None:
        """Delete the conversation and its messages."""
        with self._catalog.transaction() as db:
            _conversation(db, conversation_id)
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

    def add(
        self,
        conversation_id: int,
        role: Role,
        text: str,
        details: Mapping[str, Any] | None = None,
    ) -> Message:
        """Add a message at the end."""
        now, kept = _now(), dict(details or {})
        with self._catalog.transaction() as db:
            _conversation(db, conversation_id)
            row = db.execute(
                "INSERT INTO messages (conversation_id, role, text, details, created)"
                " VALUES (?, ?, ?, ?, ?)",
                (conversation_id, role, text, json.dumps(kept), now),
            )
            db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now, conversation_id))
            return Message(int(row.lastrowid or 0), conversation_id, role, text, now, kept)

    def revise(
        self, message_id: int, text: str, details: Mapping[str, Any] | None = None
    ) -> Message:
        """Put another text and details in the place of a message's, as an answer grows."""
        kept = json.dumps(dict(details or {}))
        with self._catalog.transaction() as db:
            db.execute(
                "UPDATE messages SET text = ?, details = ? WHERE id = ?", (text, kept, message_id)
            )
            message = _message(db, message_id)
            db.execute(
                "UPDATE conversations SET updated = ? WHERE id = ?",
                (_now(), message.conversation_id),
            )
            return message

    def message(self, message_id: int) -> Message:
        """The message of this id."""
        with self._catalog.view() as db:
            return _message(db, message_id)

    def messages(self, conversation_id: int) -> list[Message]:
        """The messages of a conversation, in order."""
        with self._catalog.view() as db:
            _conversation(db, conversation_id)
            rows = db.execute(
                "SELECT * FROM messages WHERE conversation_id = ? ORDER BY id", (conversation_id,)
            )
            return [_as_message(row) for row in rows]

    def cut(self, conversation_id: int, message_id: int) -> None:
        """Delete a message and all after it, to ask again from there."""
        with self._catalog.transaction() as db:
            _conversation(db, conversation_id)
            db.execute(
                "DELETE FROM messages WHERE conversation_id = ? AND id >= ?",
                (conversation_id, message_id),
            )


def _conversation(db: sqlite3.Connection, conversation_id: int) -> Conversation:
    row = db.execute("SELECT * FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise ShelfError(f"No conversation {conversation_id} is on the shelf.")
    return Conversation(**row)


def _message(db: sqlite3.Connection, message_id: int) -> Message:
    row = db.execute("SELECT * FROM messages WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        raise ShelfError(f"No message {message_id} is on the shelf.")
    return _as_message(row)


def _as_message(row: sqlite3.Row) -> Message:
    return Message(**{**row, "details": json.loads(row["details"])})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
