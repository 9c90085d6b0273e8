"""A book of the tiny model in which looking back always finds something."""

from __future__ import annotations

import dataclasses

import pytest

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.reader import Reader


@pytest.fixture
def tiny_book(reader: Reader, document: Document) -> Book:
    """A book of the tiny model, whose random attention finds something everywhere."""
    return dataclasses.replace(reader, ratio=4).read(document)
