"""Read HTML: visible text, headings as chapters, title, author, language.

Knows web pages saved as files. Fetches nothing.
"""

from __future__ import annotations

import re
from typing import Any

from beacon_qa.documents.encoding import decode
from beacon_qa.documents.headings import title_among
from beacon_qa.documents.markup import (
    HTML,
    FlatText,
    attribute,
    flatten,
    local_name,
    parse_html,
    parse_xml,
)
from beacon_qa.documents.raw import Limits, Mark, RawDocument, RawPage
from beacon_qa.errors import DamagedFile, EmptyDocument

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XHTML = re.compile(r"\s*<\?xml|[^>]{0,500}<html[^>]+xmlns=", re.IGNORECASE)


def read_html(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read an HTML file's bytes. Raises EmptyDocument, DamagedFile or LimitExceeded."""
    declared = _CHARSET.search(data, 0, 4096)
    text, note = decode(data, declared[1].decode("ascii") if declared else None)
    root, _ = page_root(text)
    if root is None:
        raise EmptyDocument(f"“{name}” holds no words; choose a page with text in it.")
    flat = flatten(root, HTML)
    limits.check_characters(len(flat.text))
    title, author, language = _head(root)
    return RawDocument(
        pages=[RawPage("", flat.text)],
        format="html",
        chapters=heading_marks(flat),
        title=title or title_among([label for _, label, _ in flat.headings]),
        author=author,
        language=language,
        notes=[note] if note else [],
    )


def page_root(text: str) -> tuple[Any, bool]:
    """Return the root of a page, None for an empty one, and whether it had to be mended.

    XHTML is read as the XML it claims to be where it is well-formed, as plain HTML otherwise.
    """
    claims_xml = _XHTML.match(text) is not None
    if claims_xml:
        try:
            return parse_xml(_as_utf8(text), "The page"), False
        except DamagedFile:
            pass
    return parse_html(text), claims_xml


def heading_marks(flat: FlatText, offset: int = 0) -> list[Mark]:
    """Return the headings of flattened text as marks, moved by `offset`."""
    return [Mark(0, offset + at, label, level) for at, label, level in flat.headings]


def _as_utf8(text: str) -> bytes:
    """Return the page in UTF-8 without an XML declaration, which may name another encoding."""
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).replace("\0", "").encode("utf-8", "replace")


def _head(root: Any) -> tuple[str | None, str | None, str | None]:
    title = author = None
    language = attribute(root, "lang") or None
    for node in root.iter():
        name = local_name(node)
        if name == "title" and title is None:
            title = " ".join("".join(node.itertext()).split())
        elif name == "meta" and attribute(node, "name").lower() in {"author", "dc.creator"}:
            author = author or attribute(node, "content")
        elif name == "body":
            language = language or attribute(node, "lang") or None
            break
    return title, author, language
