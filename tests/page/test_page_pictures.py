"""Pages of a PDF as pictures: drawn once, from a file that is kept with the book."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from documents.document_files import pdf
from page_requests import click, request
from serving import until

from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.documents import open_bytes
from beacon_qa.errors import BookNotFound
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from ui.evidence_events import Evidencing
from ui.library import Library
from ui.page_view import Pictures, View

LINES = [f"Line {n} tells of boat {n * 7} and of nothing else at all." for n in range(40)]


@pytest.fixture
def printed(reader: Reader, tmp_path: Path) -> Book:
    """A book read from a PDF of four pages, whose file is kept."""
    path = tmp_path / "boats.pdf"
    path.write_bytes(pdf([LINES[at : at + 10] for at in range(0, 40, 10)], title="Boats"))
    book = reader.read(path)
    reader.shelf.keep_original(book.document.content_hash, path)
    path.unlink()
    return book


def test_a_page_of_a_pdf_is_shown_as_a_picture_and_as_text(
    evidencing: Evidencing, printed: Book
) -> None:
    start = printed.document.text.index("Line 23 ")
    html = evidencing.open(printed.id, None, request(), click(start=start, end=start + 30))
    assert 'src="data:image/png;base64,iVBOR' in html
    assert 'alt="Picture of Page 3 (3 of 4). Marked: Line 23 tells' in html
    assert float(re.findall('data-top="([^"]+)"', html)[0]) > 0.1
    assert str(printed.engine) not in html
    text = evidencing.open(
        printed.id, None, request(), click(start=start, end=start + 7, **{"as": "text"})
    )
    assert "<mark>Line 23</mark>" in text
    assert "Show the page as picture" in text


def test_a_page_cut_by_the_chosen_place_is_shown_as_text_only(printed: Book, shelf: Shelf) -> None:
    original, document = shelf.original(printed.id), printed.document
    assert original is not None
    cut = View.at(document, document.pages[1].start + 20, 0, 5, leaf=1)
    assert Pictures().of(cut, original) is None
    up_to_page = View.at(document, document.pages[1].end, 0, 5, leaf=1)
    assert Pictures().of(up_to_page, original) is not None


def test_without_its_file_or_with_a_damaged_one_a_page_is_text(
    printed: Book, tmp_path: Path
) -> None:
    view = View.at(printed.document, len(printed.document.text), 0, 5)
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.4 no more")
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(pdf([LINES], password="herring"))
    for original in (None, damaged, locked, tmp_path / "gone.pdf"):
        assert Pictures().of(view, original) is None


def test_a_picture_is_drawn_once(printed: Book, shelf: Shelf) -> None:
    pictures, original = Pictures(), shelf.original(printed.id)
    view = View.at(printed.document, len(printed.document.text), 0, 5)
    first = pictures.of(view, original)
    assert first is not None
    assert pictures.of(view, original) is first


def test_a_kept_file_goes_with_the_last_book_of_its_text(
    printed: Book, reader: Reader, shelf: Shelf
) -> None:
    path = shelf.original(printed.id)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    second = replace(reader, ratio=4).read(printed.document)
    shelf.remove(printed.id)
    assert shelf.original(second.id) == path
    shelf.remove(second.id)
    assert not path.exists()
    with pytest.raises(BookNotFound):
        shelf.original(second.id)


def test_pages_of_an_encrypted_pdf_are_shown_as_text(reader: Reader, tmp_path: Path) -> None:
    data = pdf([LINES[:10]], password="herring")
    document = open_bytes(data, name="locked.pdf", password="herring")
    (tmp_path / "locked.pdf").write_bytes(data)
    book = reader.read(document)
    reader.shelf.keep_original(document.content_hash, tmp_path / "locked.pdf")
    with Desk() as desk:
        html = Evidencing(Library(reader, desk)).open(
            book.id, None, request(), click(start=0, end=6)
        )
    assert "<mark>Line 0</mark>" in html


@pytest.mark.parametrize("originals", [False, True])
def test_a_pdf_is_kept_itself_only_where_its_pages_are_shown(
    originals: bool, reader: Reader, tmp_path: Path
) -> None:
    file = tmp_path / "whale.pdf"
    file.write_bytes(pdf([["A white whale."]]))
    with Desk(originals=originals) as desk:
        job = desk.submit(reader, file)
        until(lambda: not desk.job(reader, job.id).active)
        book_id = desk.job(reader, job.id).book_id
    assert (reader.shelf.original(book_id) is not None) == originals
