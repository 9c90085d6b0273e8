"""Read plain text and Markdown: any common encoding, form feeds as pages, headings as chapters.

Knows Markdown's headings and the first lines of a Project Gutenberg file. The headings of plain
text are found later, in the cleaned text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from beacon_qa.documents.encoding import decode
from beacon_qa.documents.headings import title_among
from beacon_qa.documents.raw import Limits, Lines, Mark, RawDocument, RawPage
from beacon_qa.documents.wrapping import looks_wrapped
from beacon_qa.errors import UnsupportedFormat

_ATX = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t#]*\Z")
_SETEXT = re.compile(r"(=+|-+)[ \t]*\Z")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
_LINE = re.compile(r"[^\n\r]*(?:\r\n|\n|\r|\Z)")
_HEADER = re.compile(r"^(Title|Author|Language):[ \t]*(\S.*?)[ \t\r]*$", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL = 0.02
_LANGUAGES = {
    "english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it",
    "dutch": "nl", "portuguese": "pt", "finnish": "fi", "latin": "la",
}  # fmt: skip


def read_text(data: bytes, name: str, limits: Limits, *, markdown: bool = False) -> RawDocument:
    """Read a text file's bytes. Raises UnsupportedFormat for bytes that are no text."""
    text, note = decode(data)
    limits.check_characters(len(text))
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise UnsupportedFormat(
            f"“{name}” is no text and no format that is known here; "
            "convert it to PDF, EPUB, DOCX, HTML or plain text."
        )
    pages = _pages(text)
    wrapped = not markdown and looks_wrapped(text[:200_000].splitlines())
    about = dict(_HEADER.findall(text[:3000])) if "Project Gutenberg" in text[:3000] else {}
    marks = list(_markdown_headings(text)) if markdown else []
    return RawDocument(
        pages=pages,
        format="markdown" if markdown else "text",
        paged=len(pages) > 1,
        lines=Lines.WRAPPED if wrapped else Lines.PROSE,
        chapters=marks,
        title=about.get("Title") or title_among([mark.label for mark in marks]),
        author=about.get("Author"),
        language=_LANGUAGES.get(about.get("Language", "").lower()),
        notes=[note] if note else [],
    )


def _pages(text: str) -> list[RawPage]:
    """Cut the text after its form feeds; a last page without words is no page."""
    parts = re.split("(?<=\f)", text)
    if len(parts) > 1 and not parts[-1].strip():
        parts[-2:] = ["".join(parts[-2:])]
    paged = len(parts) > 1
    return [RawPage(str(n) if paged else "", part) for n, part in enumerate(parts, 1)]


def _markdown_headings(text: str) -> Iterator[Mark]:
    """Yield headings marked with # or underlined, outside of fenced code."""
    fenced = False
    before = (0, "")
    for line in _LINE.finditer(text):
        words = line[0].strip("\r\n")
        if _FENCE.match(words):
            fenced = not fenced
        if fenced:
            continue
        marked = _ATX.match(words)
        if marked:
            yield Mark(0, line.start(), marked[2], len(marked[1]))
        elif _SETEXT.match(words) and before[1].strip() and not before[1].startswith("#"):
            yield Mark(0, before[0], before[1].strip(), 1 if words.startswith("=") else 2)
        before = (line.start(), words)
