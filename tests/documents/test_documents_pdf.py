from __future__ import annotations

from io import BytesIO

import pytest
from document_files import PROSE, add_page, pdf, pdf_with_looping_outline, read
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from beacon_qa.errors import DamagedFile, NoTextLayer, PasswordNeeded


def test_a_pdf_keeps_pages_labels_title_and_chapters() -> None:
    data = pdf(
        [["Preface", *PROSE], ["One", *PROSE], ["Two", *PROSE]],
        outline=[("Preface", 0), ("One", 1), ("Two", 2)],
        roman_pages=1,
        title="The Harbour",
    )
    document = read(data, "harbour.pdf")
    assert [page.label for page in document.pages] == ["i", "1", "2"]
    assert (document.title, document.author) == ("The Harbour", "A. Writer")
    assert [chapter.label for chapter in document.chapters] == ["Preface", "One", "Two"]
    assert " ".join(PROSE) in document.text
    place = document.locate(document.text.index("Two"))
    assert (place.page_label, place.page_number, place.raw_offset) == ("2", 3, 0)
    page = document.page_at(document.chapters[1].start)
    assert page is not None
    assert page.label == "1"


def test_an_outline_entry_begins_at_its_title_on_the_page() -> None:
    data = pdf([["The end of it.", *PROSE, "Storm", *PROSE]], outline=[("Storm", 0)])
    document = read(data, "storm.pdf")
    assert document.text[document.chapters[0].start :].startswith("Storm")


def test_an_outline_that_loops_does_not_stop_the_reading() -> None:
    document = read(pdf_with_looping_outline(), "loop.pdf")
    assert "can be read" in document.text


def test_an_encrypted_pdf_opens_with_its_password_only() -> None:
    data = pdf([PROSE], password="herring")
    assert "harbour office" in read(data, "locked.pdf", password="herring").text
    with pytest.raises(PasswordNeeded, match="needs a password"):
        read(data, "locked.pdf")
    with pytest.raises(PasswordNeeded, match="does not open it"):
        read(data, "locked.pdf", password="cod")


def test_pages_without_text_are_a_scan() -> None:
    with pytest.raises(NoTextLayer, match="3 pages but no text layer"):
        read(pdf([[], [], []]), "scan.pdf")


def test_single_pages_without_text_are_named() -> None:
    document = read(pdf([PROSE, [], PROSE, []]), "plates.pdf")
    assert document.notes == ("Without text (pictures or blank): pages 2, 4 of 4 pages.",)


def test_pages_that_cannot_be_read_are_named_and_the_rest_is_read() -> None:
    writer = PdfWriter()
    add_page(writer, "(The first page is whole.) Tj")
    add_page(writer, "(The second is not.) Tj")
    broken = DecodedStreamObject()
    broken[NameObject("/Filter")] = NameObject("/NoSuchFilter")
    broken.set_data(b"BT (x) Tj ET")
    writer.pages[1][NameObject("/Contents")] = writer._add_object(broken)
    out = BytesIO()
    writer.write(out)
    document = read(out.getvalue(), "half.pdf")
    assert document.text == "The first page is whole."
    assert document.notes == ("Not readable, and left out: page 2 of 2 pages.",)
    assert [page.label for page in document.pages] == ["1", "2"]


def test_a_pdf_without_its_end_is_read_and_said_to_be_damaged() -> None:
    whole = pdf([PROSE, PROSE])
    cut = whole[: whole.rindex(b"startxref")]
    document = read(cut, "cut.pdf")
    assert len(document.pages) == 2
    assert "damaged" in document.notes[0]


@pytest.mark.parametrize("percent", [10, 40, 70, 90])
def test_a_truncated_pdf_is_refused_when_its_catalogue_is_gone(percent: int) -> None:
    whole = pdf([PROSE] * 5)
    with pytest.raises(DamagedFile, match=r"“cut\.pdf” is damaged"):
        read(whole[: percent * len(whole) // 100], "cut.pdf")


def test_a_pdf_in_name_only_is_damaged() -> None:
    with pytest.raises(DamagedFile, match="cannot be read as PDF"):
        read(b"%PDF-1.7\nnot a PDF after all\n%%EOF", "invalid.pdf")
