"""Read the two other book formats made of plain XML: OpenDocument text and FictionBook.

Knows their element names; the flattening is `markup`'s.
"""

from __future__ import annotations

from typing import Any

from beacon_qa.documents.archive import Archive
from beacon_qa.documents.html import heading_marks
from beacon_qa.documents.markup import Dialect, FlatText, flatten, local_name, parse_xml
from beacon_qa.documents.raw import Limits, RawDocument, RawPage
from beacon_qa.errors import DamagedFile, PasswordNeeded

_ODT = Dialect(
    paragraphs=frozenset({"p", "h", "table"}),
    lines=frozenset({"list-item", "table-row", "line-break"}),
    skipped=frozenset({"tracked-changes", "annotation", "sequence-decls", "forms"}),
    headings={"h": 1},
)
_FB2_PARAGRAPHS = "p title subtitle section epigraph cite poem stanza body"
_FB2 = Dialect(
    paragraphs=frozenset(_FB2_PARAGRAPHS.split()),
    lines=frozenset({"v", "text-author", "empty-line", "tr"}),
    skipped=frozenset({"binary", "description", "stylesheet"}),
    headings={"title": 1},
)


def read_odt(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read an OpenDocument text's bytes."""
    with Archive(data, name) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise PasswordNeeded(
                f"“{name}” is protected by a password, which cannot be used here; "
                "save it without one."
            )
        root = parse_xml(archive.read("content.xml"), f"The text of “{name}”")
        about = {}
        if "meta.xml" in archive.members:
            about = _words_by_name(parse_xml(archive.read("meta.xml"), f"The data of “{name}”"))
    flat = flatten(root, _ODT)
    author = about.get("initial-creator") or about.get("creator")
    return _document(flat, "odt", limits, about.get("title"), author, about.get("language"))


def read_fb2(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read a FictionBook's bytes."""
    root = parse_xml(data, f"“{name}”")
    if local_name(root) != "fictionbook":
        raise DamagedFile(f"“{name}” is XML but no FictionBook; save it as HTML or EPUB.")
    info = next((node for node in root.iter() if local_name(node) == "title-info"), root)
    about = _words_by_name(info)
    author = " ".join(filter(None, (about.get("first-name"), about.get("last-name"))))
    flat = flatten(root, _FB2)
    return _document(flat, "fb2", limits, about.get("book-title"), author, about.get("lang"))


def _words_by_name(root: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in root.iter():
        if node.text and node.text.strip():
            found.setdefault(local_name(node), node.text.strip())
    return found


def _document(
    flat: FlatText,
    kind: str,
    limits: Limits,
    title: str | None,
    author: str | None,
    language: str | None,
) -> RawDocument:
    limits.check_characters(len(flat.text))
    return RawDocument(
        pages=[RawPage("", flat.text)],
        format=kind,
        chapters=heading_marks(flat),
        title=title,
        author=author,
        language=language,
    )
