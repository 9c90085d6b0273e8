"""Finding a book by what a person calls it.

Knows records and names; asks nothing of the disk beyond resolving a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from beacon_qa.errors import BookNotFound
from beacon_qa.shelf.book_record import BookRecord

_LISTED = 8
"""How many of several candidates an error message names."""


def find_record(books: Sequence[BookRecord], name: str, model_key: str = "") -> BookRecord:
    """The one book that `name` means: an id, a path, a title, its beginning, or a part of it.

    Of several memories of one text, that of `model_key` is preferred, then the first listed.
    Raises BookNotFound when there is none, or when several texts fit equally well.
    """
    wanted, ident = _words(name), name.strip().casefold()
    if not wanted:
        raise BookNotFound("An empty name means no book; give an id, a path or a title.")
    path = _absolute(name)
    ways: tuple[Callable[[BookRecord], bool], ...] = (
        lambda book: book.id == ident,
        lambda book: bool(book.source) and book.source == path,
        lambda book: _words(book.title) == wanted,
        lambda book: len(ident) >= 3 and book.id.startswith(ident),
        lambda book: _words(book.title).startswith(wanted),
        lambda book: wanted in _words(book.title),
    )
    for fits in ways:
        found = [book for book in books if fits(book)]
        if found:
            return _one(found, name, model_key)
    raise BookNotFound(
        f"No book called {name!r} is on the shelf, and no such file is here; give a path, or one "
        "of the ids and titles that `beacon-qa shelf list` shows."
    )


def _words(name: str) -> str:
    """A name as it is compared: "Moby-Dick; or, The Whale" is found by "moby dick"."""
    return " ".join(re.findall(r"\w+", name.casefold()))


def _one(found: list[BookRecord], name: str, model_key: str) -> BookRecord:
    if len({book.content_hash for book in found}) > 1:
        listed = ", ".join(f"{book.id} ({book.title})" for book in found[:_LISTED])
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise BookNotFound(
            f"{name!r} could mean {len(found)} books: {listed}{more}; give more of the title, or "
            "the id."
        )
    ready = [book for book in found if book.model_key == model_key]
    return (ready or found)[0]


def _absolute(name: str) -> str:
    try:
        return str(Path(name).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # not a path at all: too long, a null character
        return ""
