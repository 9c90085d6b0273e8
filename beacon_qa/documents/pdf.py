"""Read PDF: the text of each page in plain mode, printed page labels, outline as chapters.

Knows pypdf. Must run in the parsing process: pypdf's own limits are set here, but a file may
still take long or much memory.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from pypdf import Configuration, PasswordType, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from beacon_qa.documents.deadline import TooSlow, deadline
from beacon_qa.documents.raw import Limits, Lines, Mark, RawDocument, RawPage
from beacon_qa.errors import (
    DamagedFile,
    LimitExceeded,
    NoTextLayer,
    PasswordNeeded,
    UnsupportedFormat,
)

_LOG = logging.getLogger(__name__)
_OUTLINE_SECONDS = 10.0
_PAGE_SECONDS = 30.0
_DEEPEST = 12
_WITHOUT_END = b"\nstartxref\n0\n%%EOF\n"
_PROGRAM_IN_TITLE = re.compile(r"^Microsoft (?:Word|PowerPoint) - |\.(?:docx?|tex|dvi|pdf)$")
_NO_TITLE = re.compile(r"(?:untitled|title|document\d*|)\Z", re.IGNORECASE)


def read_pdf(data: bytes, name: str, password: str | None, limits: Limits) -> RawDocument:
    """Read a PDF file's bytes.

    Raises PasswordNeeded, NoTextLayer, DamagedFile, LimitExceeded or UnsupportedFormat.
    """
    with apply_configuration(_configuration(limits)):
        reader, notes = _open(data, name)
        _unlock(reader, name, password)
        pages = _pages(reader, name, limits, notes)
        title, author, language = _metadata(reader)
        return RawDocument(
            pages=pages,
            format="pdf",
            paged=True,
            lines=Lines.TYPESET,
            chapters=_outline(reader, pages, notes),
            title=title,
            author=author,
            language=language,
            notes=notes,
        )


def _configuration(limits: Limits) -> Configuration:
    return Configuration(
        page_tree_maximum_entries=max(limits.pages, 1) + 1000,
        outline_maximum_entries=20_000,
        outline_maximum_depth=_DEEPEST,
        named_destinations_maximum_entries=50_000,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )


def _open(data: bytes, name: str) -> tuple[PdfReader, list[str]]:
    try:
        return PdfReader(BytesIO(data)), []
    except MemoryError:
        raise
    except Exception as error:
        _LOG.info("%s: %r", name, error)
    # A file cut off before its table of objects: with an empty table, pypdf looks for the objects.
    try:
        reader = PdfReader(BytesIO(data + _WITHOUT_END))
        len(reader.pages)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error
    return reader, ["The file is damaged at its end; what could be found was read."]


def _damaged(name: str, error: Exception) -> DamagedFile:
    _LOG.info("%s: %r", name, error)
    return DamagedFile(
        f"“{name}” is damaged and cannot be read as PDF ({type(error).__name__}); "
        "get it again, or save it anew from a PDF viewer."
    )


def _unlock(reader: PdfReader, name: str, password: str | None) -> None:
    try:
        if not reader.is_encrypted:
            return
        opened = reader.decrypt(password or "")
    except (DependencyError, NotImplementedError) as error:
        raise UnsupportedFormat(
            f"“{name}” is encrypted in a way that is not supported ({error}); "
            "save it without protection."
        ) from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(name, error) from error
    if opened is PasswordType.NOT_DECRYPTED:
        wrong = "the given password does not open it" if password else "it needs a password"
        raise PasswordNeeded(f"“{name}” is encrypted and {wrong}; give the right password.")


def _pages(reader: PdfReader, name: str, limits: Limits, notes: list[str]) -> list[RawPage]:
    try:
        count = len(reader.pages)
        limits.check_pages(count)
    except (MemoryError, LimitExceeded):
        raise
    except FileNotDecryptedError as error:
        raise PasswordNeeded(f"“{name}” is encrypted; give its password.") from error
    except Exception as error:
        raise _damaged(name, error) from error
    texts: list[str | None] = []
    total = 0
    for index in range(count):
        texts.append(_page_text(reader, index))
        total += len(texts[-1] or "")
        limits.check_characters(total)
    _judge(texts, name, notes)
    labels = _labels(reader, count)
    return [RawPage(label, text or "") for label, text in zip(labels, texts, strict=True)]


def _page_text(reader: PdfReader, index: int) -> str | None:
    """Return a page's text, None when the page cannot be read."""
    try:
        with deadline(_PAGE_SECONDS):
            return reader.pages[index].extract_text()
    except MemoryError:
        raise
    except (Exception, TooSlow) as error:
        _LOG.info("page %d: %r", index + 1, error)
        return None


def _judge(texts: Sequence[str | None], name: str, notes: list[str]) -> None:
    failed = [index + 1 for index, text in enumerate(texts) if text is None]
    silent = [i + 1 for i, text in enumerate(texts) if text is not None and not text.strip()]
    if len(failed) == len(texts):
        raise DamagedFile(
            f"“{name}” is damaged: no page of {len(texts)} can be read; get the file again."
        )
    if len(failed) + len(silent) == len(texts):
        pages = f"{len(texts)} pages" if len(texts) > 1 else "one page"
        raise NoTextLayer(
            f"“{name}” has {pages} but no text layer: it is a scan or a drawing. "
            "Run text recognition (OCR) on it first."
        )
    if failed:
        notes.append(f"Not readable, and left out: {_listed(failed)} of {len(texts)} pages.")
    if silent:
        notes.append(f"Without text (pictures or blank): {_listed(silent)} of {len(texts)} pages.")


def _listed(numbers: Sequence[int], most: int = 20) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"page{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _labels(reader: PdfReader, count: int) -> list[str]:
    numbers = [str(index + 1) for index in range(count)]
    try:
        with deadline(_OUTLINE_SECONDS):
            labels = reader.page_labels
    except MemoryError:
        raise
    except (Exception, TooSlow) as error:
        _LOG.info("page labels: %r", error)
        return numbers
    return [label or number for label, number in zip(labels, numbers, strict=False)]


def _metadata(reader: PdfReader) -> tuple[str | None, str | None, str | None]:
    try:
        info = reader.metadata
        title = str((info and info.title) or "").strip()
        author = str((info and info.author) or "").strip()
        language = str(reader.root_object.get("/Lang") or "").strip()
    except MemoryError:
        raise
    except Exception as error:
        _LOG.info("metadata: %r", error)
        return None, None, None
    title = _PROGRAM_IN_TITLE.sub("", title)
    return None if _NO_TITLE.match(title) else title, author or None, language or None


def _outline(reader: PdfReader, pages: Sequence[RawPage], notes: list[str]) -> list[Mark]:
    try:
        with deadline(_OUTLINE_SECONDS):
            return list(_marks(reader, reader.outline, pages))
    except MemoryError:
        raise
    except (Exception, TooSlow) as error:
        _LOG.info("outline: %r", error)
        notes.append("The table of contents stored in the file is damaged and was not used.")
        return []


def _marks(reader: PdfReader, outline: Any, pages: Sequence[RawPage]) -> Iterator[Mark]:
    waiting = [(entry, 1) for entry in reversed(outline)]
    last_page, last_end = -1, 0
    while waiting:
        entry, level = waiting.pop()
        if isinstance(entry, list):
            waiting.extend((child, level + 1) for child in reversed(entry))
            continue
        page = reader.get_destination_page_number(entry)
        if page is not None and 0 <= page < len(pages):
            title = str(entry.title or "")
            after = last_end if page == last_page else 0
            start, last_end = _find_title(title, pages[page].text, after)
            last_page = page
            yield Mark(page, start, title, level)


def _find_title(title: str, text: str, after: int) -> tuple[int, int]:
    """Return where a heading stands on its page, below `after`; there itself if not found."""
    words = r"\s+".join(map(re.escape, title.split()[:20]))
    line = re.compile(rf"^[^\w\n]*(?:[\dIVXLC.]+\s+)?{words}", re.IGNORECASE | re.MULTILINE)
    found = line.search(text, after) if words else None
    return found.span() if found else (after, after)
