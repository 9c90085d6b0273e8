"""Small files of every format, made here so that the tests need no files from elsewhere."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

import docx
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from beacon_qa.documents import Document, Limits
from beacon_qa.documents.parse import parse

PROSE = (
    "The lamp in the harbour office had burned all night, and the clerk who kept it",
    "was asleep over his ledger when the first boat came in. Nobody woke him. The men",
    "went about their business quietly, as men do who have been a long time at sea, and",
    "by the time the sun was up the nets were drying along the whole length of the wall.",
)


def read(data: bytes, name: str, *, password: str | None = None) -> Document:
    """Parse in this process, under the usual limits."""
    return parse(data, name, password=password, limits=Limits())


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    outline: Sequence[tuple[str, int]] = (),
    roman_pages: int = 0,
    password: str | None = None,
    title: str | None = None,
) -> bytes:
    """A PDF with one line of text per string; `outline` holds titles and page indices."""
    writer = PdfWriter()
    for lines in pages:
        add_page(writer, "".join(f"({line}) Tj T* " for line in lines))
    for label, page in outline:
        writer.add_outline_item(title=label, page_number=page)
    if roman_pages:
        writer.set_page_label(0, roman_pages - 1, style="/r")
        writer.set_page_label(roman_pages, len(pages) - 1, style="/D")
    if title:
        writer.add_metadata({"/Title": title, "/Author": "A. Writer"})
    if password:
        writer.encrypt(password, algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def add_page(writer: PdfWriter, operators: str) -> None:
    """Add a page that shows text in one font, 14 points from line to line."""
    page = writer.add_blank_page(612, 792)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): named})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 14 TL 72 720 Td {operators} ET".encode("latin-1"))
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())


def pdf_with_looping_outline() -> bytes:
    """A PDF whose outline's entries name each other as next, without end."""
    writer = PdfWriter()
    add_page(writer, "(A page of text that can be read.) Tj")
    items = [DictionaryObject({NameObject("/Title"): TextStringObject(t)}) for t in ("One", "Two")]
    references = [writer._add_object(item) for item in items]
    for item, following in zip(items, reversed(references), strict=True):
        destination = ArrayObject([writer.pages[0].indirect_reference, NameObject("/Fit")])
        item[NameObject("/Dest")] = destination
        item[NameObject("/Next")] = following
    root = DictionaryObject(
        {NameObject("/First"): references[0], NameObject("/Count"): NumberObject(2)}
    )
    writer.root_object[NameObject("/Outlines")] = writer._add_object(root)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def xhtml(body: str, *, doctype: str = "") -> str:
    """A page of an EPUB."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{doctype}'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>not part of the text</title></head><body>{body}</body></html>"
    )


def epub(
    pages: Mapping[str, str | bytes],
    *,
    contents: Sequence[tuple[str, str]] = (),
    extra: Mapping[str, str | bytes] | None = None,
    spine: Sequence[str] | None = None,
) -> bytes:
    """An EPUB of XHTML pages by file name, with a table of contents of (label, href)."""
    links = "".join(f'<li><a href="{href}">{label}</a></li>' for label, href in contents)
    nav = xhtml(f'<nav epub:type="toc"><ol>{links}</ol></nav>')
    names = list(pages)
    items = "".join(
        f'<item id="i{n}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(names)
    )
    order = "".join(f'<itemref idref="i{names.index(n)}"/>' for n in spine or names)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Harbour</dc:title>'
        "<dc:creator>A. Writer</dc:creator><dc:language>en</dc:language></metadata><manifest>"
        f'<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"{items}</manifest><spine>{order}</spine></package>"
    )
    container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OPS/book.opf": package,
        "OPS/nav.xhtml": nav,
    }
    members.update({f"OPS/{name}": content for name, content in pages.items()})
    members.update(extra or {})
    return zipped(members)


def word_file() -> bytes:
    """A DOCX with two headings, a table and a page break between the chapters."""
    document = docx.Document()
    document.core_properties.title = "Harbour Notes"
    document.core_properties.author = "A. Writer"
    document.add_heading("The First Boat", 1)
    document.add_paragraph("The clerk slept over his ledger.")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "Herring"
    table.rows[0].cells[1].text = "forty baskets"
    document.add_page_break()
    document.add_heading("The Second Boat", 1)
    document.add_paragraph("Nobody woke him.")
    out = BytesIO()
    document.save(out)
    return out.getvalue()
