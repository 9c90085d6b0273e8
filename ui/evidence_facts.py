"""What is known of an answer's evidence: from its kept message to places in the book's text.

Knows the shelf, kept details and a document; nothing here goes past the place that the answer was
given as of. Details were written by the program, but are read with care: an older or newer version
may have written others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from beacon_qa.book import Book
from beacon_qa.chat.transcript import coverage_line
from beacon_qa.documents import Document
from beacon_qa.errors import BeaconError
from beacon_qa.places import find_place
from beacon_qa.quotes import Quote, check_quotes

_MOST_PASSAGES = 8
_MOST_READ_AGAIN = 12
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_SENTENCE = re.compile(r"\S.*?(?:[.!?…][\"'”’»)\]]*(?=\s)|\Z)", re.DOTALL)
_SNIPPET = 220

State = Literal["telling", "told"]


@dataclass(frozen=True)
class Stretch:
    """The characters [start, end) of the text, and the share of the attention they got.

    `snippet` is the sentence that says most of what the answer says; `reread` tells whether the
    stretch was read again, raw, for the answer.
    """

    start: int
    end: int
    score: float
    snippet: str = ""
    reread: bool = False


@dataclass(frozen=True)
class AnswerFacts:
    """One answer's evidence, all of it before the character `limit` of the text.

    `limit_name` is empty, or names the place that the answer was given as of.
    """

    document: Document = field(repr=False)
    limit: int
    limit_name: str
    coverage: str
    state: State = "told"
    passages: tuple[Stretch, ...] = ()
    attention: tuple[Stretch, ...] = ()
    quotes: tuple[Quote, ...] = ()


def gather(
    document: Document, book: Book | None, text: str, details: Mapping[str, Any]
) -> AnswerFacts:
    """The evidence of an answer; `book` gives exact places, without it they are estimated."""
    limit = limit_of(document, book, details)
    whole_text = limit >= len(document.text)
    told = bool(details.get("finish"))
    passages = tuple(_passages(document, limit, text, details))
    spans = [(passage.start, passage.end) for passage in passages]
    return AnswerFacts(
        document=document,
        limit=limit,
        limit_name="" if whole_text else str(details.get("as_of") or "what was read"),
        coverage=coverage_line(details),
        state="told" if told else "telling",
        passages=passages,
        attention=tuple(_attention(book, limit, details.get("attention"))),
        quotes=check_quotes(text, document, up_to=limit, prefer=spans) if told else (),
    )


def whole(document: Document, book: Book | None) -> AnswerFacts:
    """A book without an answer: how far it is read."""
    coverage = {} if book is None else {"coverage": asdict(book.coverage)}
    limit = len(document.text)
    if book is not None and not book.coverage.complete:
        limit = book.offset_of(book.memory.tokens)
    return AnswerFacts(document, limit, "", coverage_line(coverage))


def limit_of(document: Document, book: Book | None, details: Mapping[str, Any]) -> int:
    """The character that the answer's memory ends before."""
    length = len(document.text)
    try:
        if details.get("as_of"):
            return find_place(document, str(details["as_of"])).end
    except BeaconError:
        return 0
    coverage = details.get("coverage")
    if not isinstance(coverage, Mapping):
        return length
    tokens, total = _number(coverage.get("tokens")), _number(coverage.get("total_tokens"))
    if tokens >= total:
        return length
    return book.offset_of(int(tokens)) if book is not None else int(length * tokens / total)


def _passages(
    document: Document, limit: int, answer: str, details: Mapping[str, Any]
) -> Iterator[Stretch]:
    words = _words(answer)
    again = _spans(details.get("read_again"), limit)[:_MOST_READ_AGAIN]
    rests_on = _spans(details.get("evidence"), limit)[:_MOST_PASSAGES]
    for start, end, score in rests_on:
        snippet = _snippet(document.text[start:end], words)
        yield Stretch(start, end, score, snippet, _meets(start, end, again))
    for start, end, score in again:
        if not _meets(start, end, rests_on):
            yield Stretch(start, end, score, _snippet(document.text[start:end], words), True)


def _meets(start: int, end: int, spans: Iterable[tuple[int, int, float]]) -> bool:
    return any(first < end and start < last for first, last, _ in spans)


def _spans(kept: object, limit: int) -> list[tuple[int, int, float]]:
    """(start, end, score) of kept passages, cut at the limit; what is no passage is left out."""
    spans = []
    for passage in kept if isinstance(kept, list | tuple) else ():
        if isinstance(passage, Mapping):
            start, end = int(_number(passage.get("start"))), int(_number(passage.get("end")))
            if start < min(end, limit):
                spans.append((start, min(end, limit), _number(passage.get("score"))))
    return spans


def _attention(book: Book | None, limit: int, kept: object) -> Iterator[Stretch]:
    """Each window's share, at the characters that the window holds."""
    shares = [_number(share) for share in kept] if isinstance(kept, list | tuple) else []
    for window, share in enumerate(shares):
        if book is not None:
            start, end = book.window_span(window)
        else:
            start, end = (int(limit * at / len(shares)) for at in (window, window + 1))
        if start < min(end, limit):
            yield Stretch(start, min(end, limit), share)


def _snippet(passage: str, words: set[str]) -> str:
    """The sentence of a passage that has most words of the answer, on one line."""
    sentences = [" ".join(found[0].split()) for found in _SENTENCE.finditer(passage)]
    best = max(sentences, key=lambda said: (len(words & _words(said)), len(said)), default="")
    return best if len(best) <= _SNIPPET else f"{best[:_SNIPPET].rsplit(' ', 1)[0]} …"


def _words(text: str) -> set[str]:
    return set(_LONG_WORD.findall(text.lower()))


def _number(value: object) -> float:
    """A finite number not below 0; anything else is 0."""
    if isinstance(value, int | float) and math.isfinite(value):
        return max(float(value), 0.0)
    return 0.0
