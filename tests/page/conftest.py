"""A library with a book read by the tiny model, the panel of its evidence, and quiet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.reader import Reader
from ui.evidence_events import Evidencing
from ui.library import Library


@pytest.fixture
def book(reader: Reader) -> Book:
    """A book read by the tiny model, whose answers end only at their limit."""
    return reader.read(make_document())


@pytest.fixture
def library(reader: Reader, book: Book) -> Iterator[Library]:
    """A library with that book."""
    with Desk() as desk:
        yield Library(reader, desk)


@pytest.fixture
def evidencing(library: Library) -> Evidencing:
    return Evidencing(library)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told to gradio's makers."""
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
