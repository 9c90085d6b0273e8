from __future__ import annotations

import random

import pytest
from document_files import PROSE, read

from beacon_qa.errors import EmptyDocument, UnsupportedFormat

QUOTED = "“It’s late,” said the clerk — “too late…” The café’s naïve façade was grey.\n\n" * 5
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая по-своему.\n\n" * 3
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n\n" * 3
GERMAN = "Größe und Schönheit über allem: Der Käfer läuft über die Straße zurück.\n\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (QUOTED, "utf-8"),
        (QUOTED, "utf-8-sig"),
        (QUOTED, "utf-16"),
        (QUOTED, "utf-16-le"),
        (QUOTED, "utf-16-be"),
        (QUOTED, "utf-32"),
        (QUOTED, "cp1252"),
        (QUOTED, "mac_roman"),
        (GERMAN, "cp1252"),
        (GERMAN, "mac_roman"),
        (GERMAN, "cp850"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "utf-16-le"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_text_is_read_in_any_common_encoding(text: str, encoding: str) -> None:
    document = read(text.encode(encoding), "book.txt")
    assert document.text == text.strip()
    told = encoding in {"utf-8", "utf-8-sig", "utf-16", "utf-32"}
    assert (document.notes == ()) == told
    assert told or encoding.replace("_", "-") in document.notes[0].replace("_", "-")


def test_utf8_with_stray_bytes_of_windows_is_mended() -> None:
    data = QUOTED.encode() + QUOTED.encode("cp1252")
    document = read(data, "pasted.txt")
    assert document.text == (QUOTED * 2).strip()
    assert "stray bytes" in document.notes[0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_every_kind_of_line_end_is_one(end: str) -> None:
    assert read(end.join(["One.", "", "Two."]).encode(), "lines.txt").text == "One.\n\nTwo."


def test_form_feeds_are_page_breaks() -> None:
    document = read(b"Page one.\n\n\x0cPage two.\n\n\x0cPage three.\n\x0c", "pages.txt")
    assert [page.label for page in document.pages] == ["1", "2", "3"]
    assert document.locate(document.text.index("three")).page_number == 3
    assert "\x0c" not in document.text


def test_lines_broken_at_one_width_are_joined_and_verse_is_not() -> None:
    wrapped = "\n".join(PROSE * 3)
    assert read(wrapped.encode(), "wrapped.txt").text.count("\n") <= 3
    verse = "April is the cruellest month, breeding\nLilacs out of the dead land, mixing\n" * 5
    assert read(verse.encode(), "verse.txt").text == verse.strip()


def test_markdown_headings_are_chapters_but_not_in_code() -> None:
    text = "# One #\n\nText.\n\n```\n# no heading\n```\n\nTwo\n---\n\nText.\n\n### Three\n\nText."
    document = read(text.encode(), "notes.md")
    assert [chapter.label for chapter in document.chapters] == ["One", "Two", "Three"]
    assert (document.format, document.title) == ("markdown", "One")


def test_the_name_is_the_title_when_the_text_has_none() -> None:
    assert read(b"Some words.", "the harbour.txt").title == "the harbour"
    told = "# Chapter 1: Low Tide\n\nWords.\n\n# Chapter 2\n\nMore words."
    document = read(told.encode(), "the harbour.md")
    assert document.title == "the harbour"
    assert document.chapters[0].label == "Chapter 1: Low Tide"


def test_a_few_control_characters_are_dropped_and_many_are_no_text() -> None:
    data = b"Some\x00 wo\x01rds\x1b here" + b", and so on" * 20
    assert read(data, "x.txt").text.startswith("Some words here, and so on")
    noise = random.Random(1).randbytes(5000)
    with pytest.raises(UnsupportedFormat, match="no text"):
        read(noise, "noise.txt")


@pytest.mark.parametrize("data", [b"", b"  \n\t", b"\x00\x00"])
def test_an_empty_file_is_said_to_be_empty(data: bytes) -> None:
    with pytest.raises(EmptyDocument, match="is empty"):
        read(data, "empty.pdf")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "a picture"),
        (b"\x7fELF" + bytes(50), "a program"),
        (b"Rar!" + bytes(50), "a compressed archive"),
        (b"%!PS-Adobe-3.0\n", "PostScript"),
        (bytes(range(1, 61)) + b"BOOKMOBI" + bytes(50), "a Kindle book"),
    ],
)
def test_other_files_are_refused_by_what_they_are(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFormat, match=what):
        read(data, "book.txt")
