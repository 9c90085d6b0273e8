from __future__ import annotations

from io import BytesIO

import docx
import pytest
from document_files import read, word_file, zipped

from beacon_qa.errors import DamagedFile, PasswordNeeded, UnsupportedFormat


def test_a_word_file_keeps_headings_tables_and_pages() -> None:
    document = read(word_file(), "notes.docx")
    assert "The clerk slept over his ledger.\n\nHerring | forty baskets" in document.text
    assert [chapter.label for chapter in document.chapters] == ["The First Boat", "The Second Boat"]
    assert [page.label for page in document.pages] == ["1", "2"]
    assert document.locate(document.text.index("Nobody")).page_label == "2"
    assert (document.title, document.author) == ("Harbour Notes", "A. Writer")


def test_a_word_file_without_page_breaks_has_no_pages() -> None:
    plain = docx.Document()
    plain.add_paragraph("One.")
    out = BytesIO()
    plain.save(out)
    document = read(out.getvalue(), "plain.docx")
    assert (document.text, document.pages) == ("One.", ())


def test_broken_word_files_are_damaged() -> None:
    with pytest.raises(DamagedFile):
        read(word_file()[:2000], "cut.docx")
    with pytest.raises(DamagedFile, match="as DOCX"):
        read(zipped({"word/document.xml": "<oops"}), "oops.docx")


def test_old_and_locked_office_files_are_told_apart() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
    with pytest.raises(UnsupportedFormat, match=r"save it in Word as \.docx"):
        read(ole + "WordDocument".encode("utf-16-le"), "old.doc")
    with pytest.raises(PasswordNeeded, match="under a password"):
        read(ole + "EncryptedPackage".encode("utf-16-le"), "locked.docx")


def test_rtf_is_read_in_its_code_page() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1250{\info{\title Ja\'9f\'f1}{\author A. Writer}}"
        rb"{\fonttbl{\f0 Arial;}}\f0 za\'bf\'f3\'b3\'e6 g\'ea\'9cl\'b9\par Drugi \u8222?akapit\par}"
    )
    document = read(source, "polski.rtf")
    assert document.text == "zażółć gęślą\nDrugi „akapit"
    assert (document.title, document.author) == ("Jaźń", "A. Writer")


def test_opendocument_text_is_read() -> None:
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    content = (
        f'<office xmlns:text="{text}"><text:h text:outline-level="1">The First Boat</text:h>'
        "<text:p>The clerk slept.</text:p></office>"
    )
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": content,
        "META-INF/manifest.xml": "<manifest/>",
    }
    document = read(zipped(members), "boats.odt")
    assert document.text == "The First Boat\n\nThe clerk slept."
    assert [chapter.label for chapter in document.chapters] == ["The First Boat"]
    members["META-INF/manifest.xml"] = "<manifest><encryption-data/></manifest>"
    with pytest.raises(PasswordNeeded):
        read(zipped(members), "locked.odt")


def test_fictionbook_is_read() -> None:
    source = (
        '<?xml version="1.0" encoding="utf-8"?><FictionBook><description><title-info>'
        "<author><first-name>Lev</first-name><last-name>T</last-name></author>"
        "<book-title>War</book-title><lang>ru</lang></title-info></description><body>"
        "<section><title><p>Часть 1</p></title><p>Ну, князь.</p></section></body>"
        "<binary>AAAA</binary></FictionBook>"
    )
    document = read(source.encode(), "war.fb2")
    assert document.text == "Часть 1\n\nНу, князь."
    assert [chapter.label for chapter in document.chapters] == ["Часть 1"]
    assert (document.title, document.author, document.language) == ("War", "Lev T", "ru")


def test_spreadsheets_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match="a spreadsheet"):
        read(zipped({"[Content_Types].xml": "<t/>", "xl/workbook.xml": "<w/>"}), "sums.xlsx")
