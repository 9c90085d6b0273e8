"""Beacon QA: read a whole book once, keep its condensed memory, answer questions from it.

    from beacon_qa import Reader

    reader = Reader.load()
    book = reader.read("moby-dick.epub")
    for piece in book.ask("Who is the captain of the Pequod?"):
        print(piece, end="")

Names are imported when they are first used: `import beacon_qa` loads no model library, which the
document parser's subprocess and `beacon-qa --help` rely on.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beacon_qa.answer import Answer, Coverage
    from beacon_qa.beacon import Memory, Sampling, condense, decode, load_model
    from beacon_qa.book import Book
    from beacon_qa.documents import Document, open_document
    from beacon_qa.errors import BeaconError
    from beacon_qa.reader import Reader
    from beacon_qa.shelf import Shelf

_ROOMS = {
    "Answer": "answer",
    "BeaconError": "errors",
    "Book": "book",
    "Coverage": "answer",
    "Document": "documents",
    "Memory": "beacon",
    "Reader": "reader",
    "Sampling": "beacon",
    "Shelf": "shelf",
    "condense": "beacon",
    "decode": "beacon",
    "load_model": "beacon",
    "open_document": "documents",
}

__all__ = [
    "Answer",
    "BeaconError",
    "Book",
    "Coverage",
    "Document",
    "Memory",
    "Reader",
    "Sampling",
    "Shelf",
    "condense",
    "decode",
    "load_model",
    "open_document",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
