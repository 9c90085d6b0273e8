"""BeaconBookLoader: a book's pages or chapters as LangChain documents, parsed in a limited process.

Knows documents and LangChain's form of them; needs no model and no shelf.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as LangChainDocument

from beacon_qa.documents import Document, Span, open_document

By = Literal["page", "chapter"]


class BeaconBookLoader(BaseLoader):
    """Loads a PDF, EPUB, DOCX, HTML, RTF or text file, one Document a page or a chapter.

    A text without any comes as one Document. Metadata: `source`, `title`, `author`, `page` and
    `chapter` (as printed), `start` and `end` (characters of the whole text). Raises DocumentError
    for a file that cannot be read.
    """

    def __init__(
        self, file_path: str | Path, *, by: By = "page", password: str | None = None
    ) -> None:
        if by not in ("page", "chapter"):
            raise ValueError(f"by is {by!r}; it must be 'page' or 'chapter'.")
        self.file_path = Path(file_path)
        self.by = by
        self.password = password

    def lazy_load(self) -> Iterator[LangChainDocument]:
        """The documents one after another; the file is parsed when the first is asked for."""
        document = open_document(self.file_path, password=self.password)
        for span in _parts(document, self.by):
            yield LangChainDocument(
                page_content=document.text[span.start : span.end],
                metadata=self._metadata(document, span),
            )

    def _metadata(self, document: Document, span: Span) -> dict[str, str | int]:
        page = document.page_at(span.start)
        chapter = document.chapter_at(span.start)
        return {
            "source": str(self.file_path),
            "title": document.title,
            "author": document.author or "",
            "page": page.label if page else "",
            "chapter": chapter.label if chapter else "",
            "start": span.start,
            "end": span.end,
        }


def _parts(document: Document, by: By) -> tuple[Span, ...]:
    """The pages or chapters, or else the whole text; text before the first is not lost."""
    parts = document.pages if by == "page" else document.chapters
    if not parts:
        return (Span(0, len(document.text), ""),)
    if document.text[: parts[0].start].strip():
        return (Span(0, parts[0].start, ""), *parts)
    return parts
