"""Pictures of PDF pages: drawn in a process of its own, with the passage marked where it stands."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from document_files import PROSE, pdf, read
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject

from beacon_qa.documents import Limits
from beacon_qa.documents.pictures import Picture, page_picture
from beacon_qa.errors import DamagedFile, DocumentError, LimitExceeded, PasswordNeeded

LINES = [f"Line {n} tells of boat {n * 7}." for n in range(30)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two pages: thirty numbered lines, then prose broken into lines with a hyphen."""
    broken = ["Nobody could explain what the har-", "bour office was for. " + PROSE[0], *PROSE[1:]]
    return written(tmp_path, pdf([LINES, broken]))


def written(folder: Path, data: bytes) -> Path:
    path = folder / "book.pdf"
    path.write_bytes(data)
    return path


def image(picture: Picture) -> Image.Image:
    opened = Image.open(BytesIO(picture.png))
    assert (opened.format, opened.size) == ("PNG", (picture.width, picture.height))
    return opened.convert("RGB")


def yellow(picture: Picture) -> list[tuple[int, int]]:
    """The pixels that are marked and empty of ink."""
    shown = image(picture)
    pixels = shown.load()
    assert pixels is not None
    return [
        (x, y)
        for x in range(shown.width)
        for y in range(shown.height)
        if pixels[x, y] == (255, 236, 130)
    ]


def test_a_page_is_drawn_as_a_picture_of_the_width_asked_for(book: Path) -> None:
    picture = page_picture(book, 1, width=306)
    assert (picture.width, picture.height, picture.boxes) == (306, 396, ())
    darkest, lightest = cast(tuple[int, int], image(picture).convert("L").getextrema())
    assert darkest < 100
    assert lightest == 255
    assert yellow(picture) == []


def test_a_passage_is_marked_where_it_stands_and_nowhere_else(book: Path) -> None:
    picture = page_picture(book, 1, passage=LINES[3], width=306)
    (box,) = picture.boxes
    left, top, right, bottom = box
    # The fourth line, 14 points a line below the first at 72 points from the top, at half size.
    assert 34 <= left <= 38
    assert 48 <= top < bottom <= 62
    marked = yellow(picture)
    assert marked
    assert all(left <= x <= right and top <= y <= bottom for x, y in marked)


def test_a_passage_over_several_lines_has_a_box_for_each(book: Path) -> None:
    document = read(book.read_bytes(), "book.pdf")
    page = document.pages[1]
    text = document.text[page.start : page.end]
    assert "harbour office was for" in text
    picture = page_picture(book, 2, passage=text[7:90])
    assert len(picture.boxes) == 2
    assert picture.boxes[0][3] <= picture.boxes[1][1] + 4


@pytest.mark.parametrize(
    "passage",
    ["  Line 3   tells\nof boat 21.", "LINE 3 TELLS OF BOAT 21", "Line 3 tells of bo-\nat 21."],
)
def test_white_space_hyphens_and_case_need_not_be_as_on_the_page(book: Path, passage: str) -> None:
    same = page_picture(book, 1, passage=LINES[3]).boxes
    found = page_picture(book, 1, passage=passage).boxes
    assert [box[1] for box in found] == [box[1] for box in same]


def test_of_equal_places_the_one_after_the_text_before_it_is_marked(book: Path) -> None:
    first = page_picture(book, 1, passage="tells of boat").boxes
    later = page_picture(book, 1, passage="tells of boat", before=" ".join(LINES[:12])).boxes
    assert later[0][1] > first[0][3]
    (box,) = page_picture(book, 1, passage="7", before=" ".join(LINES[:11]) + "Line 11 ... ").boxes
    assert box[1] > first[0][3]


def test_a_passage_with_other_words_in_between_is_marked_in_pieces(book: Path) -> None:
    passage = " ".join([*LINES[4:8], "A running header of the next page.", *LINES[8:12]])
    boxes = page_picture(book, 1, passage=passage).boxes
    assert 6 <= len({box[1] for box in boxes}) <= 8


@pytest.mark.parametrize("passage", ["Nothing of this stands on the page at all.", "", " - "])
def test_a_passage_that_is_not_on_the_page_leaves_it_unmarked(book: Path, passage: str) -> None:
    assert page_picture(book, 1, passage=passage).boxes == ()


def test_a_turned_page_is_marked_where_its_words_are(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf([LINES]))))
    writer.pages[0][NameObject("/Rotate")] = NumberObject(90)
    out = BytesIO()
    writer.write(out)
    picture = page_picture(written(tmp_path, out.getvalue()), 1, passage=LINES[3], width=396)
    (box,) = picture.boxes
    assert picture.width > picture.height
    assert box[3] - box[1] > box[2] - box[0]


@pytest.mark.parametrize("page", [0, -1, 3])
def test_a_page_that_is_not_there_is_one_sentence(book: Path, page: int) -> None:
    with pytest.raises(DamagedFile, match=f"has 2 pages and no page {page};"):
        page_picture(book, page)


def test_what_cannot_be_drawn_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="is damaged"):
        page_picture(written(tmp_path, b"%PDF-1.7 no more"), 1)
    with pytest.raises(DocumentError):
        page_picture(tmp_path / "nothing.pdf", 1)
    locked = written(tmp_path, pdf([PROSE], password="herring"))
    with pytest.raises(PasswordNeeded, match="read its text"):
        page_picture(locked, 1)
    assert page_picture(locked, 1, password="herring").boxes == ()


def test_a_huge_page_is_drawn_small(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 14_400)
    writer.add_blank_page(14_400, 14_400)
    out = BytesIO()
    writer.write(out)
    for number in (1, 2):
        picture = page_picture(written(tmp_path, out.getvalue()), number, width=5_000)
        assert picture.width * picture.height < 3_100_000


def test_drawing_is_limited_in_memory_and_time(book: Path) -> None:
    with pytest.raises(DocumentError):
        page_picture(book, 1, limits=Limits(memory=2**20))
    with pytest.raises(LimitExceeded, match="not read within"):
        page_picture(book, 1, limits=Limits(wall_seconds=0.01))
