"""The built-in model served with one book: the server, OpenAI's client, the book's name there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI
from serving import Served, serving
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.reader import Reader


@pytest.fixture(scope="module")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The built-in model with an own shelf."""
    return Reader.load(shelf=tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def book(builtin: Reader) -> Book:
    """A book of a few windows, on twelve pages in three chapters."""
    return builtin.read(make_document(60))


@pytest.fixture(scope="module")
def served(builtin: Reader, book: Book) -> Iterator[Served]:
    with serving(builtin) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: Served) -> OpenAI:
    return served.client()


@pytest.fixture(scope="module")
def model(book: Book) -> str:
    """The name that the book is asked by."""
    return f"beacon:{book.id}"
