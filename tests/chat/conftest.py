"""A book read by the tiny model."""

from __future__ import annotations

import pytest

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.reader import Reader


@pytest.fixture
def book(reader: Reader, document: Document) -> Book:
    return reader.read(document)
