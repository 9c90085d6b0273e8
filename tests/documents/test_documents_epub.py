from __future__ import annotations

import struct

import pytest
from document_files import epub, read, xhtml, zipped

from beacon_qa.errors import (
    DamagedFile,
    EmptyDocument,
    LimitExceeded,
    NoTextLayer,
    UnsupportedFormat,
)

ONE = xhtml("<h1>The First Boat</h1><p>The clerk slept&#160;over\n his <i>led</i>ger.</p>")
TWO = xhtml('<h1 id="two">The Second Boat</h1><p>Nobody woke him.</p><p>Quiet.</p>')


def test_an_epub_is_read_in_the_order_of_its_spine() -> None:
    data = epub(
        {"a two.xhtml": TWO, "b.xhtml": ONE},
        spine=["b.xhtml", "a two.xhtml"],
        contents=[("First", "b.xhtml"), ("Second", "a%20two.xhtml#two")],
    )
    document = read(data, "boats.epub")
    assert document.text == (
        "The First Boat\n\nThe clerk slept over his ledger.\n\n"
        "The Second Boat\n\nNobody woke him.\n\nQuiet."
    )
    assert [chapter.label for chapter in document.chapters] == ["First", "Second"]
    assert document.text[document.chapters[1].start :].startswith("The Second Boat")
    assert (document.title, document.author, document.language) == (
        "The Harbour",
        "A. Writer",
        "en",
    )
    assert document.pages == ()


def test_headings_are_the_chapters_of_an_epub_without_contents() -> None:
    document = read(epub({"a.xhtml": ONE, "b.xhtml": TWO}), "boats.epub")
    labels = [chapter.label for chapter in document.chapters]
    assert labels == ["The First Boat", "The Second Boat"]


def test_printed_page_numbers_of_an_epub_are_its_pages() -> None:
    body = (
        '<p><span epub:type="pagebreak" title="7"/>The clerk slept '
        '<span epub:type="pagebreak" title="8"/>over his ledger.</p>'
    )
    document = read(epub({"a.xhtml": xhtml(body)}), "paged.epub")
    assert document.text == "The clerk slept over his ledger."
    assert [page.label for page in document.pages] == ["7", "8"]
    assert document.locate(document.text.index("over")).page_label == "8"


def test_a_missing_page_of_an_epub_is_named() -> None:
    data = epub({"a.xhtml": ONE, "b.xhtml": TWO})
    document = read(data.replace(b"OPS/b.xhtml", b"OPS/c.xhtml"), "boats.epub")
    assert document.notes == ("Not readable, and left out: “OPS/b.xhtml”.",)
    assert "Nobody" not in document.text


def test_a_page_that_is_not_well_formed_is_mended() -> None:
    document = read(epub({"a.xhtml": xhtml("<p>One<p>Two &nbsp; three")}), "loose.epub")
    assert document.text == "One\n\nTwo three"
    assert "mended" in document.notes[0]


def test_entities_without_a_definition_file_are_understood() -> None:
    body = xhtml("<p>caf&eacute;&nbsp;noir &amp; more</p>", doctype="<!DOCTYPE html>")
    assert read(epub({"a.xhtml": body}), "cafe.epub").text == "café noir & more"


def test_an_entity_bomb_stays_small() -> None:
    lines = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE html [<!ENTITY b0 "boom ">{lines}]>'
    document = read(epub({"a.xhtml": xhtml("<p>Safe &b11; text</p>", doctype=doctype)}), "b.epub")
    assert "Safe" in document.text
    assert "text" in document.text
    assert len(document.text) < 100


def test_files_outside_of_the_book_are_not_read() -> None:
    doctype = '<!DOCTYPE html [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    body = xhtml("<p>Before &secret; after</p>", doctype=doctype)
    data = epub({"a.xhtml": body, "../../../../etc/passwd": ONE}, spine=["a.xhtml"])
    assert read(data, "outside.epub").text == "Before after"


def with_declared_size(data: bytes, member: bytes, size: int) -> bytes:
    """Write another unpacked size into both headers of a zip's member."""
    changed = bytearray(data)
    for signature, size_at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = changed.find(signature)
        while at >= 0:
            name_at = at + (30 if signature == b"PK\x03\x04" else 46)
            if changed[name_at : name_at + len(member)] == member:
                changed[at + size_at : at + size_at + 4] = struct.pack("<I", size)
            at = changed.find(signature, at + 4)
    return bytes(changed)


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to() -> None:
    data = epub({"a.xhtml": b"<html><body>" + b" " * (70 * 2**20) + b"</body></html>"})
    assert len(data) < 2**20
    with pytest.raises(LimitExceeded, match="unpacks to more than"):
        read(data, "bomb.epub")


def test_a_zip_bomb_that_declares_a_small_size_does_no_harm() -> None:
    bomb = b"<html><body>" + b"x " * (35 * 2**20) + b"</body></html>"
    data = with_declared_size(epub({"a.xhtml": bomb, "b.xhtml": TWO}), b"OPS/a.xhtml", 100)
    document = read(data, "bomb.epub")
    assert document.notes == ("Not readable, and left out: “OPS/a.xhtml”.",)
    assert "Nobody woke him." in document.text


def encryption(algorithm: str) -> dict[str, str | bytes]:
    return {
        "META-INF/encryption.xml": "<encryption><EncryptedData>"
        f'<EncryptionMethod Algorithm="{algorithm}"/>'
        '<CipherData><CipherReference URI="OPS/a.xhtml"/></CipherData>'
        "</EncryptedData></encryption>"
    }


def test_a_book_under_drm_is_refused_and_disguised_fonts_are_not() -> None:
    drm = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    with pytest.raises(UnsupportedFormat, match="digital rights management"):
        read(epub({"a.xhtml": ONE}, extra=drm), "drm.epub")
    fonts = encryption("http://www.idpf.org/2008/embedding")
    assert "ledger" in read(epub({"a.xhtml": ONE}, extra=fonts), "fonts.epub").text


def test_a_truncated_epub_is_damaged() -> None:
    with pytest.raises(DamagedFile, match="cut off"):
        read(epub({"a.xhtml": ONE})[:-40], "cut.epub")


def test_a_book_of_pictures_has_no_text_layer() -> None:
    with pytest.raises(NoTextLayer, match="pictures"):
        read(epub({"a.xhtml": xhtml('<img src="a.png"/>')}), "comic.epub")


def test_a_book_without_pages_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read(epub({}), "empty.epub")


def test_a_zip_of_something_else_is_no_book() -> None:
    with pytest.raises(UnsupportedFormat, match="compressed archive"):
        read(zipped({"notes.txt": "Some words."}), "notes.zip")
