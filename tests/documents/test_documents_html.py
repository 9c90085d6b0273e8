from __future__ import annotations

import pytest
from document_files import read

from beacon_qa.errors import DamagedFile, EmptyDocument

PAGE = """<!doctype html><html lang="en-GB"><head><title>The  Harbour</title>
<meta name="author" content="A. Writer"><style>p {color: red}</style></head><body>
<script>var x = "not text";</script><h1>The First Boat</h1><p>The clerk
slept<br>over his ledger.</p><ul><li>herring<li>cod</ul>
<table><tr><td>one</td><td>two</td></tr></table><pre>a  b
 c</pre><h2>The Second Boat</h2><p>Nobody &amp; nothing.</body></html>"""


def test_html_is_read_as_it_is_seen() -> None:
    document = read(PAGE.encode(), "harbour.html")
    assert document.text == (
        "The First Boat\n\nThe clerk slept\nover his ledger.\n\nherring\ncod\n\none | two\n\n"
        "a b\nc\n\nThe Second Boat\n\nNobody & nothing."
    )
    assert (document.title, document.author, document.language) == (
        "The Harbour",
        "A. Writer",
        "en-GB",
    )
    assert [chapter.label for chapter in document.chapters] == ["The First Boat", "The Second Boat"]


def test_html_under_the_name_of_a_pdf_is_read_as_html_with_a_note() -> None:
    document = read(PAGE.encode(), "harbour.pdf")
    assert document.format == "html"
    assert document.notes == ("The name ends in .pdf, but the file is html and was read as that.",)


@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r"])
def test_a_declared_charset_is_believed(declared: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body><p>Все счастливы.</p></html>'
    assert read(page.encode(declared), "page.html").text == "Все счастливы."


def test_utf8_is_believed_over_a_wrong_declaration() -> None:
    page = '<html><head><meta charset="iso-8859-6"></head><body><p>Größe “x”</p></html>'
    assert read(page.encode(), "page.html").text == "Größe “x”"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_wide_html_is_recognised(encoding: str) -> None:
    assert read(PAGE.encode(encoding), "harbour.html").text.startswith("The First Boat")


def nested(depth: int) -> bytes:
    return ("<html><body>" + "<div>" * depth + "<p>At the bottom.</p></body></html>").encode()


def test_deeply_nested_markup_is_read_whole_or_refused() -> None:
    assert read(nested(1000), "deep.html").text == "At the bottom."
    with pytest.raises(DamagedFile, match="nested too deeply"):
        read(nested(100_000), "deep.html")


def test_a_page_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read(b"<html><body><img src='x.png'></body></html>", "blank.html")
