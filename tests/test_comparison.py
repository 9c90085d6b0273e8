"""A question put to several books at once, and their answers side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.errors import BookNotFound
from beacon_qa.reader import Reader

FEW = Sampling(max_new_tokens=8)


@pytest.fixture
def book(reader: Reader, document: Document) -> Book:
    return reader.read(document)


def test_a_comparison_asks_each_book(reader: Reader, book: Book, text_file: Path) -> None:
    other = reader.read(text_file)
    compared = reader.compare([book, other.id], "Who?", sampling=FEW)
    assert [answer.so_far for _, answer in compared] == ["", ""]
    assert [one.id for one, _ in compared] == [book.id, other.id]
    told = [one.ask("Who?", sampling=FEW).text for one in (book, other)]
    assert [answer.text for _, answer in compared] == told
    headings = [f"## {one.title}\n\n{text}" for one, text in zip((book, other), told, strict=True)]
    assert compared.text == "\n\n".join(headings)


def test_a_comparison_stands_side_by_side(reader: Reader, book: Book) -> None:
    early = book.as_of(3)
    table = reader.compare([book, early], "Who | what?", sampling=FEW).table.splitlines()
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert f"{early.title}, as of {early.up_to}" in table[0]
    assert "Who \\| what?" in table[2]
    assert str(early.coverage) in table[3]


def test_a_comparison_with_a_book_that_is_not_there_is_refused(reader: Reader) -> None:
    with pytest.raises(BookNotFound):
        reader.compare(["nothing"], "Who?")


def test_a_comparison_may_be_cancelled(reader: Reader, book: Book) -> None:
    compared = reader.compare([book, book], "Who?", sampling=FEW)
    assert compared[0][1].text
    compared.cancel()
    assert [answer.finish for _, answer in compared] != ["", ""]
    assert compared[1][1].text == ""
    assert len(compared) == 2
