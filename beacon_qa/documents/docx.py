"""Read DOCX: paragraphs, tables, text boxes and notes, headings as chapters, page breaks if any.

Knows Word's markup. The package is opened by python-docx after every member was unpacked once
under the caps of `archive`.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.opc.exceptions import OpcError

from beacon_qa.documents.archive import Archive
from beacon_qa.documents.markup import attribute, local_name, parse_xml
from beacon_qa.documents.raw import Limits, Mark, RawDocument, RawPage
from beacon_qa.errors import DamagedFile

_NOT_TEXT = frozenset({"fallback", "instrtext", "deltext", "del", "movefrom", "ppr", "rpr"})
_NOTE_PARTS = ("footnotes", "endnotes")


def read_docx(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read a DOCX file's bytes. Raises DamagedFile or LimitExceeded."""
    with Archive(data, name) as archive:
        for member in archive.members:
            archive.read(member)
    try:
        document = docx.Document(BytesIO(data))
        writer = _Writer(_heading_levels(document), dict(_notes(document)))
        writer.walk(document.element.body)
        about = document.core_properties
        title, author, language = about.title, about.author, about.language
    except (OpcError, KeyError, ValueError, AttributeError, SyntaxError, TypeError) as error:
        raise DamagedFile(
            f"“{name}” is damaged and cannot be read as DOCX ({error}); save it again from Word."
        ) from error
    limits.check_characters(len(writer.text))
    return RawDocument(
        pages=writer.pages(),
        format="docx",
        paged=bool(writer.breaks),
        chapters=writer.marks,
        # python-docx invents both for a file that says neither.
        title=None if author == "python-docx" else title,
        author=None if author == "python-docx" else author,
        language=language,
    )


def _heading_levels(document: Any) -> dict[str, int]:
    """Return the heading level of each paragraph style that is one or is based on one."""
    levels: dict[str, int] = {}
    for style in document.styles:
        based: Any = style
        for _ in range(10):
            name = (getattr(based, "name", None) or "").lower()
            if name.startswith("heading ") and name[8:].isdigit():
                levels[style.style_id] = int(name[8:])
                break
            based = getattr(based, "base_style", None)
            if based is None:
                break
    return levels


def _notes(document: Any) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the text of each footnote and endnote by its kind and id."""
    for relation in document.part.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1]
        if kind in _NOTE_PARTS and not relation.is_external:
            root = parse_xml(relation.target_part.blob, "The file of notes")
            for note in root:
                if attribute(note, "type") in {"", "normal"}:
                    words = [n.text or "" for n in note.iter() if local_name(n) == "t"]
                    yield (kind[:-1], attribute(note, "id")), "".join(words).strip()


class _Writer:
    """Collects the text of a document's body, with the places of headings and page breaks."""

    def __init__(self, levels: dict[str, int], notes: dict[tuple[str, str], str]) -> None:
        self.marks: list[Mark] = []
        self._pieces: list[str] = []
        self._length = 0
        self._levels = levels
        self._notes = notes
        self._waiting_notes: list[str] = []
        self._rendered: list[int] = []
        self._explicit: list[int] = []

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._pieces)

    @property
    def breaks(self) -> list[int]:
        """Where pages begin: as last laid out where the file says, else the breaks typed in."""
        return self._rendered or self._explicit

    def pages(self) -> list[RawPage]:
        """Return the text cut into pages, numbered from 1."""
        text = self.text
        starts = [0, *self.breaks]
        ends = [*self.breaks, len(text)]
        numbered = enumerate(zip(starts, ends, strict=True), 1)
        return [RawPage(str(n) if self.breaks else "", text[a:b]) for n, (a, b) in numbered]

    def walk(self, body: Any) -> None:
        """Write everything under an element, without recursion."""
        waiting: list[tuple[bool, Any, int, int]] = [(True, body, 0, 0)]
        while waiting:
            opening, node, start, piece = waiting.pop()
            name = local_name(node)
            if not opening:
                self._close(node, name, start, piece)
            elif name and name not in _NOT_TEXT:
                self._open(node, name)
                waiting.append((False, node, self._length, len(self._pieces)))
                waiting.extend((True, child, 0, 0) for child in reversed(node))

    def _open(self, node: Any, name: str) -> None:
        if name == "t":
            self._write(node.text or "")
        elif name == "tab":
            self._write("\t")
        elif name in {"br", "cr"}:
            if attribute(node, "type") == "page":
                self._explicit.append(self._length)
            self._write("\n")
        elif name == "lastrenderedpagebreak":
            self._rendered.append(self._length)
        elif name in {"footnotereference", "endnotereference"}:
            kind = name.removesuffix("reference")
            note = self._notes.get((kind, attribute(node, "id")))
            if note:
                self._waiting_notes.append(f"[Note: {note}]\n\n")
        elif name == "tc" and self._in_row(node):
            self._write(" | ")

    def _close(self, node: Any, name: str, start: int, piece: int) -> None:
        if name == "p":
            self._mark_heading(node, start, piece)
            cell = next((a for a in node.iterancestors() if local_name(a) == "tc"), None)
            self._write("\n\n" if cell is None else " ")
        elif name in {"tr", "tbl"}:
            self._write("\n")
        if name in {"p", "tbl"} and self._waiting_notes:
            self._write("".join(self._waiting_notes))
            self._waiting_notes.clear()

    def _mark_heading(self, node: Any, start: int, piece: int) -> None:
        style = node.find("./{*}pPr/{*}pStyle")
        outline = node.find("./{*}pPr/{*}outlineLvl")
        level = self._levels.get(attribute(style, "val")) if style is not None else None
        if level is None and outline is not None and attribute(outline, "val") in set("012345678"):
            level = int(attribute(outline, "val")) + 1
        label = " ".join("".join(self._pieces[piece:]).split()) if level else ""
        if level and label:
            self.marks.append(Mark(0, start, label, level))

    def _in_row(self, node: Any) -> bool:
        before = node.getprevious()
        return before is not None and local_name(before) == "tc"

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
