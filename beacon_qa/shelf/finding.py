"""Finding a book by what a person calls it.

Knows records and names; asks nothing of the disk beyond resolving a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from beacon_qa.errors import BookNotFound
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.storage import expanded, named

_LISTED = 8
"""How many of several candidates an error message names."""


def find_record(books: Sequence[BookRecord], name: str, model_key: str = "") -> BookRecord:
    """The one book that `name` means: an id, a path, a title, a file's name, a part of the title.

    Of several memories of one text those of `model_key` are preferred, then one that is ready, then
    the first listed.
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
        lambda book: _words(Path(book.source).stem) == wanted,
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
    same = [book for book in found if book.model_key == model_key] or found
    return next((book for book in same if book.state == "ready"), same[0])


def _absolute(name: str) -> str:
    try:
        return named(expanded(name).resolve())
    except (OSError, ValueError):  # not a path at all: too long, a null character
        return ""
