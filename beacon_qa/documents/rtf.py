"""Read RTF with striprtf: text without layout.

Knows where RTF keeps its title and author. Page breaks are lost by the library.
"""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from beacon_qa.documents.raw import Limits, RawDocument, RawPage
from beacon_qa.errors import DamagedFile

_INFO = r"\{\\info\b.{0,4000}?\{\\%s\s+([^{}]{1,500})\}"


def read_rtf(data: bytes, name: str, limits: Limits) -> RawDocument:
    """Read an RTF file's bytes. Raises DamagedFile or LimitExceeded."""
    # RTF is ASCII by definition; bytes above that are in the code page that the file declares,
    # so they are written as the escapes that striprtf decodes with it.
    source = re.sub(rb"[\x80-\xff]", lambda m: b"\\'%02x" % m[0][0], data).decode("ascii")
    try:
        text = _plain(source)
    except (ValueError, IndexError, KeyError, TypeError, LookupError) as error:
        raise DamagedFile(
            f"“{name}” is damaged and cannot be read as RTF ({error}); save it again."
        ) from error
    limits.check_characters(len(text))
    page = re.search(r"\\ansicpg(\d{3,5})", source)
    code_page = f"\\ansicpg{page[1]} " if page else ""
    return RawDocument(
        pages=[RawPage("", text)],
        format="rtf",
        title=_info(source, "title", code_page),
        author=_info(source, "author", code_page),
    )


def _info(source: str, field: str, code_page: str) -> str | None:
    found = re.search(_INFO % field, source, re.DOTALL)
    group = "{\\rtf1" + code_page + " " + found[1] + "}" if found else ""
    return _plain(group).strip() or None


def _plain(source: str) -> str:
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return text
