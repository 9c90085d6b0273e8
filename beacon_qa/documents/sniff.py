"""Tell a file's format from its bytes; the name is only a hint between kinds of text.

Knows the first bytes of formats, also of those that are refused, to say what the file is.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from beacon_qa.errors import (
    DamagedFile,
    DocumentError,
    EmptyDocument,
    PasswordNeeded,
    UnsupportedFormat,
)

_BY_EXTENSION = {
    ".pdf": "pdf", ".epub": "epub", ".docx": "docx", ".docm": "docx", ".html": "html",
    ".htm": "html", ".xhtml": "html", ".rtf": "rtf", ".md": "markdown", ".markdown": "markdown",
    ".odt": "odt", ".fb2": "fb2", ".txt": "text",
}  # fmt: skip
_REFUSED = (
    (rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}WEBP", "a picture"),
    (rb"\x1f\x8b|BZh|7z\xbc\xaf|\xfd7zXZ|Rar!", "a compressed archive"),
    (rb"\x7fELF|MZ.{0,200}PE\0\0|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe", "a program"),
    (rb"ID3|OggS|fLaC|RIFF.{4}(?:WAVE|AVI )|.{4}ftyp|\x1aE\xdf\xa3", "sound or video"),
    (rb".{60}(?:BOOKMOBI|TEXtREAd)", "a Kindle book"),
    (rb"AT&TFORM", "a DjVu scan"),
    (rb"%!PS", "PostScript"),
    (rb"SQLite format 3\0", "a database"),
)
_HTML = re.compile(
    r"(?:\s|<\?xml[^>]*>|<!--.*?-->)*<(?:!doctype\s+html|html|head|body|title|meta|h1|p|div)\b",
    re.IGNORECASE | re.DOTALL,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_KINDS = (
    (b"word/document.xml", "docx"),
    (b"META-INF/container.xml", "epub"),
    (b"content.xml", "odt"),
    (b"xl/workbook.xml", "a spreadsheet"),
    (b"ppt/presentation.xml", "a presentation"),
)
_ZIP_TYPES = (
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file other than text"),
    (b"[Content_Types].xml", "docx"),
)
EXTENSIONS = frozenset(_BY_EXTENSION)
"""Endings of the names of files that can be read."""

_READ = frozenset(_BY_EXTENSION.values())


def sniff(data: bytes, name: str) -> tuple[str, str | None]:
    """Return the format to read the bytes as, and a note when the name promises another.

    Raises EmptyDocument, UnsupportedFormat, PasswordNeeded or DamagedFile.
    """
    if not data.strip(b" \t\r\n\0"):
        raise EmptyDocument(f"“{name}” is empty; choose a file with text in it.")
    extension = PurePath(name).suffix.lower()
    promised = _BY_EXTENSION.get(extension)
    kind = _binary_kind(data, name) or _text_kind(data, promised)
    if kind not in _READ:
        raise _unsupported(name, kind)
    if promised in {None, kind}:
        return kind, None
    return kind, f"The name ends in {extension}, but the file is {kind} and was read as that."


def _binary_kind(data: bytes, name: str) -> str | None:
    if data.startswith(_OLE):
        raise _ole_error(data, name)
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data, name)
    if data.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    for pattern, what in _REFUSED:
        if re.match(pattern, data[:400], re.DOTALL):
            return what
    # The standard lets other bytes stand before a PDF's header.
    return "pdf" if b"%PDF-" in data[:1024] and not _is_html(data) else None


def _zip_kind(data: bytes, name: str) -> str:
    for mark, kind in _ZIP_TYPES[:3]:
        if mark in data[:200]:
            return kind
    # Names of members stand in the directory at the end, or before each member in a cut-off file.
    for mark, kind in _ZIP_KINDS:
        if mark in data:
            return kind
    if _ZIP_TYPES[3][0] in data[:200]:
        raise DamagedFile(f"“{name}” is an Office file that is cut off; get the file again.")
    return "a compressed archive"


def _ole_error(data: bytes, name: str) -> DocumentError:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return PasswordNeeded(
            f"“{name}” is an Office file under a password, and such files cannot be opened here; "
            "save it in Word without a password."
        )
    return UnsupportedFormat(
        f"“{name}” is in the old Office format (.doc); save it in Word as .docx."
    )


def _text_kind(data: bytes, promised: str | None) -> str:
    if b"<FictionBook" in data[:2048]:
        return "fb2"
    if _is_html(data):
        return "html"
    # XHTML fragments, notes and the like carry no sign of their own: the name decides.
    return promised if promised in {"html", "markdown"} else "text"


def _is_html(data: bytes) -> bool:
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return _HTML.match(head.decode("latin-1")) is not None


def _unsupported(name: str, what: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"“{name}” is {what}, which cannot be read; "
        "choose PDF, EPUB, DOCX, ODT, FB2, HTML, RTF, Markdown or plain text."
    )
