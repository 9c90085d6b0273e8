"""How a book is summarized: told by its model, or made of the text's own sentences.

Knows books and what their models are asked; knows nothing of how either is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.documents import Span
from beacon_qa.errors import DocumentError
from beacon_qa.excerpt import EXTRACTED, excerpt
from beacon_qa.prompts import Length, summary_tokens, summary_words
from beacon_qa.summary import Summary

if TYPE_CHECKING:
    from beacon_qa.book import Book


def summarize(
    book: Book, length: Length, *, by_chapter: bool = False, sampling: Sampling | None = None
) -> Summary:
    """A summary of what a book has in memory, as `Book.summarize` says."""
    settings = sampling or Sampling(max_new_tokens=summary_tokens(length))
    end = book.offset_of(book.memory.tokens)
    chapters = [span for span in book.chapters if span.end <= end] if by_chapter else []
    if by_chapter and not chapters:
        raise DocumentError(
            f"{book.title} has no chapters in what was read; summarize it as a whole."
        )
    parts = chapters or [Span(0, end, "")]
    if book.engine.prompts.plain:
        words, limit = summary_words(length), settings.max_new_tokens
        return Summary(_told(parts, partial(excerpt, book, words=words, limit=limit)), EXTRACTED)
    return Summary(_told(parts, partial(_written, book, length, settings)))


def _told(parts: Sequence[Span], tell: Callable[[Span], Answer]) -> Iterator[tuple[str, Answer]]:
    """Each part when it is asked for: to go back to a chapter's end takes time."""
    for part in parts:
        yield part.label, tell(part)


def _written(book: Book, length: Length, sampling: Sampling, part: Span) -> Answer:
    """Told by the model; a chapter, which alone has a label, from the memory at its end."""
    request = book.engine.prompts.summary_request(length, part.label or None)
    known = book.as_of(part) if part.label else book
    return known.ask(request, sampling=sampling, look_back="off")
