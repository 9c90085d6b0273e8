"""Sentences of a text as an answer: what a model says that is too small to sum a text up.

It would only pretend to; sentences of the text, told to be just that, say more. They are an answer
like any other, so that whoever shows answers need not know. Nothing is computed by the model.
Knows a book's document and how text becomes ids; knows nothing of how sentences are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon_qa.answer import Answer
from beacon_qa.documents import Document, Span
from beacon_qa.evidence import Passage
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
    passages, ids = _told(book, part, count, above)
    if len(ids) > limit:
        # Fewer from all over, rather than all but those at the end.
        passages, ids = _told(book, part, max(1, count * limit // len(ids)), above)
    return Answer(
        question,
        (token for token in ids[:limit]),
        TextStream(book.engine.prompts.text),
        prompt=(0, 0),
        limit=limit,
        coverage=book.coverage,
        rests_on=passages,
    )


def _told(book: Book, part: Span, count: int, above: str) -> tuple[list[Passage], list[int]]:
    """The sentences and the tokens of their lines."""
    places = key_sentences(book.document.text, part.start, part.end, count)
    passages = [_passage(book.document, *place) for place in places]
    lines = [_line(book.document.text, passage) for passage in passages]
    return passages, book.engine.prompts.document(above + "\n".join(lines)).ids


def _passage(document: Document, start: int, end: int) -> Passage:
    page, chapter = document.page_at(start), document.chapter_at(start)
    return Passage(
        start, end, page.label if page else "", chapter.label if chapter else "", score=0.0
    )


def _line(text: str, passage: Passage) -> str:
    page = f" (p. {passage.page})" if passage.page else ""
    return f"- {' '.join(text[passage.start : passage.end].split())}{page}"
