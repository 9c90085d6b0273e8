"""Flatten a tree of markup into text, with the places of its headings, anchors and page breaks.

Knows elements that are paragraphs, lines or headings, as a `Dialect` lists them; parses safely:
no external entities, no network, no expansion of internal ones. Knows no file format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from beacon_qa.errors import DamagedFile

_WHITE = re.compile(r"[ \t\r\n\f]+")
_LOCAL = re.compile(r"\{[^}]*\}|^[\w-]+:")
_PAGE_NAME = re.compile(r"^\s*(?:page|p\.?|seite|pg)[\s._-]*(?=\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which element names make paragraphs, lines and headings, and which are left out."""

    paragraphs: frozenset[str]
    lines: frozenset[str]
    skipped: frozenset[str]
    headings: Mapping[str, int]


@dataclass(slots=True)
class FlatText:
    """Flattened text; places are character offsets into it."""

    text: str = ""
    headings: list[tuple[int, str, int]] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    page_breaks: list[tuple[int, str]] = field(default_factory=list)


_PARAGRAPHS = (
    "p h1 h2 h3 h4 h5 h6 blockquote ul ol dl table section article aside header footer nav main "
    "figure pre hr form fieldset body"
)
_LINES = "div li dt dd tr br caption figcaption address center summary"
_SKIPPED = (
    "head script style template noscript rt rp svg annotation annotation-xml iframe object "
    "select textarea"
)
HTML = Dialect(
    paragraphs=frozenset(_PARAGRAPHS.split()),
    lines=frozenset(_LINES.split()),
    skipped=frozenset(_SKIPPED.split()),
    headings={f"h{level}": level for level in range(1, 7)},
)


def parse_xml(data: bytes, what: str) -> Any:
    """Return the root of an XML file; raises DamagedFile when it is not well formed."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(f"{what} is not well-formed XML ({error}); get it again.") from error


def parse_html(text: str) -> Any:
    """Return the root of an HTML page, None when it holds nothing; broken markup is mended.

    Raises DamagedFile for markup nested so deeply that the parser would leave out its inside.
    """
    # Without a huge tree the parser stops 256 elements deep, which ordinary pages may reach.
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    data = text.replace("\0", "").encode("utf-8", errors="replace")
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, etree.ParserError, ValueError):
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise DamagedFile(
            "The page's markup is nested too deeply to be read; save it as plain text."
        )
    return root


def local_name(node: Any) -> str:
    """Return an element's name without its namespace, "" for comments and the like."""
    return _LOCAL.sub("", node.tag).lower() if isinstance(node.tag, str) else ""


def attribute(node: Any, name: str) -> str:
    """Return an attribute by its name without namespace, "" when absent."""
    for key, value in node.attrib.items():
        if _LOCAL.sub("", key).lower() == name:
            return str(value)
    return ""


def flatten(root: Any, dialect: Dialect) -> FlatText:
    """Return the text under an element. Depth is no danger: nothing here recurses."""
    writer = _Writer(dialect)
    waiting: list[tuple[bool, Any]] = [(True, root)]
    while waiting:
        opening, node = waiting.pop()
        if not opening:
            writer.close(node)
        elif writer.open(node):
            waiting.append((False, node))
            waiting.extend((True, child) for child in reversed(node))
            writer.write(node.text)
            continue
        if node is not root:
            writer.write(node.tail)
    return writer.finish()


class _Writer:
    """Writes text as a reader of the page would see it: white space folded, blocks apart."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._pieces: list[str] = []
        self._length = 0
        self._break = 0
        self._spaced = True
        self._preformatted = 0
        self._heading: tuple[int, int] | None = None
        self._flat = FlatText()

    def open(self, node: Any) -> bool:
        """Begin an element; False when its content is left out."""
        name = local_name(node)
        if node.tag is etree.Entity:
            self.write(_entity(node.name))
        if not name or name in self._dialect.skipped or _is_hidden(node, name):
            return False
        self._apart(name)
        for key in (attribute(node, "id"), attribute(node, "name") if name == "a" else ""):
            if key:
                self._flat.anchors.setdefault(key, self._length)
        if _is_page_break(node):
            self._flat.page_breaks.append((self._length, _page_label(node)))
            return False
        if name in {"td", "th"} and not self._break and node.getprevious() is not None:
            self.write(" | ")
        self._preformatted += name == "pre"
        if name in self._dialect.headings:
            self._heading = (self._length, len(self._pieces))
        return True

    def close(self, node: Any) -> None:
        """End an element."""
        name = local_name(node)
        self._preformatted -= name == "pre"
        if name in self._dialect.headings and self._heading:
            offset, piece = self._heading
            label = " ".join("".join(self._pieces[piece:]).split())
            if label:
                level = self._dialect.headings[name]
                level = int(attribute(node, "outline-level") or level)
                self._flat.headings.append((offset, label, level))
            self._heading = None
        self._apart(name)

    def write(self, text: str | None) -> None:
        """Add text of the page."""
        if not text:
            return
        if not self._preformatted:
            text = _WHITE.sub(" ", text)
            text = text.lstrip(" ") if self._spaced or self._break else text
        if not text:
            return
        if self._break and self._length:
            self._add("\n" * self._break)
        self._break = 0
        self._add(text)
        self._spaced = text[-1].isspace()

    def finish(self) -> FlatText:
        """Return all that was written."""
        self._flat.text = "".join(self._pieces)
        return self._flat

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def _apart(self, name: str) -> None:
        if name in self._dialect.paragraphs:
            self._break = 2
        elif name in self._dialect.lines:
            self._break = max(self._break, 1)


def _entity(name: str) -> str:
    # Entities that a file defines for itself stay unread: expanding them is how XML bombs work.
    character = html.unescape(f"&{name};")
    return "" if character.startswith("&") and name != "amp" else character


def _is_hidden(node: Any, name: str) -> bool:
    lists = {"page-list", "landmarks"}
    return "hidden" in node.attrib or (name == "nav" and attribute(node, "type") in lists)


def _is_page_break(node: Any) -> bool:
    return "pagebreak" in attribute(node, "type") or "pagebreak" in attribute(node, "role")


def _page_label(node: Any) -> str:
    text = "".join(node.itertext())
    label = attribute(node, "title") or attribute(node, "aria-label") or text
    return _PAGE_NAME.sub("", label or attribute(node, "id")).strip(" .")
