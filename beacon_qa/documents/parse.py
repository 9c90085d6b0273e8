"""Read a file's bytes as a Document, in this process: sniff, read, clean.

Knows which room reads which format. It trusts nothing about the file but runs without limits on
memory and time; for files from elsewhere use `isolate`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from beacon_qa.documents.assemble import assemble
from beacon_qa.documents.document import Document
from beacon_qa.documents.raw import Limits, RawDocument
from beacon_qa.documents.sniff import sniff


def parse(data: bytes, name: str, *, password: str | None, limits: Limits) -> Document:
    """Return the document in a file's bytes. Raises the DocumentError that fits.

    `name` is the file's name, for messages, a missing title, and telling Markdown from text.
    """
    limits.check_bytes(len(data), name)
    kind, note = sniff(data, name)
    raw = _read(kind, data, name, password, limits)
    if note:
        raw = replace(raw, notes=[note, *raw.notes])
    return assemble(raw, name=name, content_hash=hashlib.sha256(data).hexdigest())


def _read(kind: str, data: bytes, name: str, password: str | None, limits: Limits) -> RawDocument:
    # Each room brings its own library: only the one that is needed is loaded.
    if kind == "pdf":
        from beacon_qa.documents.pdf import read_pdf

        return read_pdf(data, name, password, limits)
    if kind == "epub":
        from beacon_qa.documents.epub import read_epub

        return read_epub(data, name, limits)
    if kind == "docx":
        from beacon_qa.documents.docx import read_docx

        return read_docx(data, name, limits)
    if kind == "html":
        from beacon_qa.documents.html import read_html

        return read_html(data, name, limits)
    return _read_rarer(kind, data, name, limits)


def _read_rarer(kind: str, data: bytes, name: str, limits: Limits) -> RawDocument:
    if kind == "rtf":
        from beacon_qa.documents.rtf import read_rtf

        return read_rtf(data, name, limits)
    if kind == "odt":
        from beacon_qa.documents.xmlbooks import read_odt

        return read_odt(data, name, limits)
    if kind == "fb2":
        from beacon_qa.documents.xmlbooks import read_fb2

        return read_fb2(data, name, limits)
    from beacon_qa.documents.text import read_text

    return read_text(data, name, limits, markdown=kind == "markdown")
