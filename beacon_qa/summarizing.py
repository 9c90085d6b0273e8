"""How a book is summarized: told by its model, or made of the text's own sentences.

A model that is too small to write a summary would only pretend to; sentences of the text, told to
be just that, say more. They are an answer like any other, so that whoever shows summaries need not
know. Knows books and what their models are asked; knows nothing of how sentences are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.documents import Document, Span
from beacon_qa.errors import DocumentError
from beacon_qa.key_sentences import key_sentences
from beacon_qa.prompts import Length, summary_tokens, summary_words
from beacon_qa.summary import Summary
from beacon_qa.textstream import TextStream

if TYPE_CHECKING:
    from beacon_qa.book import Book

EXTRACTED = "Sentences of the text, word for word: this model is too small to write a summary."
"""What stands above a summary that no model wrote."""

_SENTENCE = 22
"""Words of a sentence, about, to know how many make a summary of so many words."""


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
    small = book.engine.prompts.plain
    tell = partial(_extracted if small else _written, book, length, settings)
    return Summary(_parts(tell, chapters, end), EXTRACTED if small else "")


def _parts(
    tell: Callable[[Span, bool], Answer], chapters: Sequence[Span], end: int
) -> Iterator[tuple[str, Answer]]:
    if not chapters:
        yield "", tell(Span(0, end, ""), True)
    for span in chapters:
        yield span.label, tell(span, False)


def _written(book: Book, length: Length, sampling: Sampling, part: Span, whole: bool) -> Answer:
    """Told by the model: a chapter from the memory as it was at the chapter's end."""
    request = book.engine.prompts.summary_request(length, None if whole else part.label)
    known = book if whole else book.as_of(part)
    return known.ask(request, sampling=sampling, look_back="off")


def _extracted(book: Book, length: Length, sampling: Sampling, part: Span, _: bool) -> Answer:
    """A line of Markdown for each sentence, with its page where the text has pages."""
    limit = sampling.max_new_tokens
    count = max(1, round(summary_words(length) / _SENTENCE))
    ids = _lines(book, part, count)
    if len(ids) > limit:
        # Fewer sentences from all over, rather than all but those at the end.
        ids = _lines(book, part, max(1, count * limit // len(ids)))
    stream = TextStream(book.engine.prompts.text)
    told = (token for token in ids[:limit])
    return Answer("", told, stream, prompt=(0, 0), limit=limit, coverage=book.coverage)


def _lines(book: Book, part: Span, count: int) -> list[int]:
    """So many sentences at most as an answer's tokens."""
    document: Document = book.document
    lines = []
    for start, end in key_sentences(document.text, part.start, part.end, count):
        page = document.page_at(start)
        place = f" (p. {page.label})" if page and page.label else ""
        lines.append(f"- {' '.join(document.text[start:end].split())}{place}")
    return book.engine.prompts.document("\n".join(lines)).ids
