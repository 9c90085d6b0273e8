"""Read EPUB: the spine's pages in order, the table of contents as chapters, printed pages.

Knows how a book's files become one text. The package is read by `epub_package`, markup by
`markup`; nothing is unpacked to disk and nothing is fetched.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from beacon_qa.documents.archive import Archive
from beacon_qa.documents.encoding import decode
from beacon_qa.documents.epub_package import Entry, Item, Package, read_package
from beacon_qa.documents.html import heading_marks, page_root
from beacon_qa.documents.markup import HTML, FlatText, flatten
from beacon_qa.documents.raw import Limits, Mark, RawDocument, RawPage
from beacon_qa.errors import DamagedFile, EmptyDocument, NoTextLayer

_LOG = logging.getLogger(__name__)
_BETWEEN = "\n\n"
_DECLARED = re.compile(rb"""encoding\s*=\s*["']([\w.-]+)""")


@dataclass(slots=True)
class _Book:
    """The text so far, and where in it each file, anchor, heading and printed page begins."""

    text: str = ""
    files: dict[str, int] = field(default_factory=dict)
    anchors: dict[tuple[str, str], int] = field(default_factory=dict)
    headings: list[Mark] = field(default_factory=list)
    page_breaks: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_epub(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read an EPUB file's bytes.

    Raises DamagedFile, LimitExceeded, EmptyDocument, NoTextLayer for a book of pictures, or
    UnsupportedFormat for one under DRM.
    """
    with Archive(data, name) as archive:
        package = read_package(archive)
        book = _read_spine(archive, package, limits)
    if not any(map(str.isalnum, book.text)):
        raise _without_words(package, name)
    return RawDocument(
        pages=_pages(book),
        format="epub",
        paged=bool(book.page_breaks),
        chapters=_chapters(book, package.contents),
        title=package.title,
        author=package.author,
        language=package.language,
        notes=book.notes,
    )


def _read_spine(archive: Archive, package: Package, limits: Limits) -> _Book:
    book = _Book()
    texts: list[str] = []
    length = 0
    for item in package.spine:
        if item.media_type.startswith("image/"):
            continue
        if item.path in book.files:
            book.notes.append(f"“{item.path}” stands twice in the reading order; it is read once.")
            continue
        flat = _read_item(archive, item, book)
        _place(book, item.path, flat, length)
        texts += [flat.text, _BETWEEN]
        length += len(flat.text) + len(_BETWEEN)
        limits.check_characters(length)
    book.text = "".join(texts)
    return book


def _read_item(archive: Archive, item: Item, book: _Book) -> FlatText:
    try:
        data = archive.read(item.path)
        declared = _DECLARED.search(data, 0, 200)
        text, note = decode(data, declared[1].decode("ascii") if declared else None)
        root, mended = page_root(text)
    except DamagedFile as error:
        _LOG.info("%s", error)
        book.notes.append(f"Not readable, and left out: “{item.path}”.")
        return FlatText()
    if note:
        book.notes.append(f"“{item.path}”: {note}")
    if mended:
        book.notes.append(f"“{item.path}” is not well-formed; it was mended and read.")
    return FlatText() if root is None else flatten(root, HTML)


def _place(book: _Book, path: str, flat: FlatText, start: int) -> None:
    book.files[path] = start
    for anchor, offset in flat.anchors.items():
        book.anchors[path, anchor] = start + offset
    book.headings += heading_marks(flat, offset=start)
    book.page_breaks += [(start + offset, label) for offset, label in flat.page_breaks]


def _without_words(package: Package, name: str) -> EmptyDocument | NoTextLayer:
    if package.spine:
        return NoTextLayer(
            f"“{name}” is a book of {len(package.spine)} pictures without text; "
            "run text recognition (OCR) on it first."
        )
    return EmptyDocument(f"“{name}” holds no words; choose a book with text in it.")


def _pages(book: _Book) -> list[RawPage]:
    """Cut the text at the printed page breaks; what comes before the first is a page of its own."""
    breaks = sorted(book.page_breaks, key=lambda page: page[0])
    if not breaks or book.text[: breaks[0][0]].strip():
        breaks.insert(0, (0, ""))
    else:
        breaks[0] = (0, breaks[0][1])
    ends = [*(offset for offset, _ in breaks[1:]), len(book.text)]
    return [
        RawPage(label, book.text[start:end])
        for (start, label), end in zip(breaks, ends, strict=True)
    ]


def _chapters(book: _Book, contents: Sequence[Entry]) -> list[Mark]:
    marks: list[Mark] = []
    for entry in contents:
        start = book.anchors.get((entry.path, entry.fragment), book.files.get(entry.path))
        if start is not None and entry.label:
            marks.append(Mark(0, start, entry.label, entry.level))
    return marks or book.headings
