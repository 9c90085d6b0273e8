"""Sentences of a text as an answer: what a model says that is too small to sum a text up.

It would only pretend to; sentences of the text, told to be just that, say more. They are an answer
like any other, so that whoever shows answers need not know. Nothing is computed by the model.
Knows a book's document and how text becomes ids; knows nothing of how sentences are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon_qa.answer import Answer
from beacon_qa.documents import Span
from beacon_qa.key_sentences import key_sentences
from beacon_qa.textstream import TextStream

if TYPE_CHECKING:
    from beacon_qa.book import Book

EXTRACTED = "This model is too small to sum up a text. These are sentences of it, word for word."
"""What is said with such an answer, wherever it is shown."""

_SENTENCE = 22
"""Words of a sentence, about, to know how many make so many words."""


def excerpt(
    book: Book, part: Span, *, words: int, limit: int, question: str = "", above: str = ""
) -> Answer:
    """About `words` words of a part of the text, in `limit` tokens at most, with `above` over them.

    A line of Markdown for each sentence, with its page where the text has pages.
    """
    count = max(1, round(words / _SENTENCE))
    ids = _ids(book, part, count, above)
    if len(ids) > limit:
        # Fewer from all over, rather than all but those at the end.
        ids = _ids(book, part, max(1, count * limit // len(ids)), above)
    told = (token for token in ids[:limit])
    stream = TextStream(book.engine.prompts.text)
    return Answer(question, told, stream, prompt=(0, 0), limit=limit, coverage=book.coverage)


def _ids(book: Book, part: Span, count: int, above: str) -> list[int]:
    document = book.document
    lines = []
    for start, end in key_sentences(document.text, part.start, part.end, count):
        page = document.page_at(start)
        place = f" (p. {page.label})" if page and page.label else ""
        lines.append(f"- {' '.join(document.text[start:end].split())}{place}")
    return book.engine.prompts.document(above + "\n".join(lines)).ids
