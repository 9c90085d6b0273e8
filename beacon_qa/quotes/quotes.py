"""Quotations and numbers of an answer, matched letter by letter in the stored text.

Condensing loses exact strings, so what an answer gives as exact is looked up in the text itself:
each quotation, number, code and date is verbatim, with its page, or not found. Knows a document's
text, pages and chapters; knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Literal

from beacon_qa.documents import Document
from beacon_qa.quotes.figures import figures
from beacon_qa.quotes.letters import Letters, letters
from beacon_qa.quotes.quotations import Quotation, quotations
from beacon_qa.quotes.verbatim import same_figure, same_words

Kind = Literal["quotation", "number"]

_MOST = 200
"""Quotes of one answer that are looked up."""

_PLACES = 100
"""Of how many places with the same words the one that fits best is taken."""

_AROUND = 200
"""Characters around a place that are compared with those around the quote."""

_LIST_NUMBER = re.compile(r"^[ \t]*(?:[-+*_#>]+[ \t]*)*\d+[.)](?=[\s*_])", re.MULTILINE)
_NAMES_A_PLACE = re.compile(r"\b(?:pages?|pp?\.|chapters?|ch\.)[ \xa0]*\Z", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?]\W*\s|\n\s*\n")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation or number of an answer, and where it stands in the text.

    `text` is the characters [start, end) of the answer; the source's are [source_start,
    source_end), both -1 when not found. `page` is the printed label; `page` and `chapter` are
    empty where the text has none.
    """

    text: str
    start: int
    end: int
    kind: Kind
    found: bool = False
    source_start: int = -1
    source_end: int = -1
    page: str = ""
    chapter: str = ""

    @property
    def mark(self) -> str:
        """The words it is marked with: "verbatim, p. 87" or "not found in the text"."""
        if not self.found:
            return "not found in the text"
        place = f"p. {self.page}" if self.page else self.chapter
        return f"verbatim, {place}" if place else "verbatim"


def check_quotes(
    answer: str,
    document: Document,
    *,
    up_to: int | None = None,
    prefer: Sequence[tuple[int, int]] = (),
) -> tuple[Quote, ...]:
    """The quotations and numbers of an answer, in order, each looked up in the document's text.

    `up_to` is a number of characters: nothing beyond is looked at. Of several places one in the
    spans of `prefer` is taken, then one whose sentence has the same words. Letters and their case
    must be equal; white space, hyphens at line ends, quote marks, the kind of a dash, and
    ligatures need not. Numbers are equal as whole numbers. What stands inside a quotation is told
    only when the quotation is not found.
    """
    length = len(document.text)
    limit = length if up_to is None else min(max(up_to, 0), length)
    check = _Check(_prepared(document), answer, limit, tuple(prefer))
    return tuple(islice(check.told(0, len(answer), quotations(answer)), _MOST))


class PreparedText:
    """A document made ready for many answers, in time linear in its length."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def forms(self) -> Iterator[Letters]:
        """The text as it is compared; a second time where a hyphen may be part of a word."""
        yield self._joined
        if self._joined.broken_words:
            yield self._hyphenated

    @cached_property
    def _joined(self) -> Letters:
        return letters(self.document.text)

    @cached_property
    def _hyphenated(self) -> Letters:
        return letters(self.document.text, keep_hyphens=True)


@lru_cache(maxsize=3)
def _prepared(document: Document) -> PreparedText:
    return PreparedText(document)


@dataclass(frozen=True)
class _Check:
    """One answer being looked up."""

    text: PreparedText
    answer: str
    limit: int
    prefer: tuple[tuple[int, int], ...]

    def told(self, start: int, end: int, quoted: Iterable[Quotation]) -> Iterator[Quote]:
        """The quotes in answer[start:end], where these are the outermost quotations."""
        for quotation in quoted:
            yield from self._numbers(start, quotation.start)
            start = quotation.end
            span = quotation.start, quotation.end
            quote = self._quote(span, "quotation", self._places(quotation.words))
            yield quote
            if not quote.found:
                yield from self.told(*span, quotation.inner)
        yield from self._numbers(start, end)

    def _numbers(self, start: int, end: int) -> Iterator[Quote]:
        for figure in figures(self.answer[start:end]):
            span = start + figure.start, start + figure.end
            if not _counts_only(self.answer, *span):
                written = self.answer[slice(*span)]
                places = same_figure(self.text.document.text, figure, written, self.limit)
                yield self._quote(span, "number", islice(places, _PLACES))

    def _places(self, words: str) -> Sequence[tuple[int, int]]:
        for form in self.text.forms():
            if places := list(islice(same_words(form, words, self.limit), _PLACES)):
                return places
        return ()

    def _quote(self, span: tuple[int, int], kind: Kind, places: Iterable[tuple[int, int]]) -> Quote:
        quoted, document = self.answer[slice(*span)], self.text.document
        same, near = _words_around(self.answer, *span)

        def fits(place: tuple[int, int]) -> tuple[bool, int, int]:
            preferred = any(start <= place[0] < end for start, end in self.prefer)
            sentence, around = _words_around(document.text, *place)
            return preferred, len(same & sentence), len(near & around)

        best = max(places, key=fits, default=None)
        if best is None:
            return Quote(quoted, *span, kind)
        page, chapter = document.page_at(best[0]), document.chapter_at(best[0])
        labels = page.label if page else "", chapter.label if chapter else ""
        return Quote(quoted, *span, kind, True, *best, *labels)


def _words_around(text: str, start: int, end: int) -> tuple[set[str], set[str]]:
    """The longer words of the sentence that a place stands in, and of some text around it."""
    before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
    sentence = _SENTENCE_END.split(before)[-1] + " " + _SENTENCE_END.split(after)[0]
    near, far = (_LONG_WORD.findall(words.lower()) for words in (sentence, f"{before} {after}"))
    return set(near), set(far)


def _counts_only(answer: str, start: int, end: int) -> bool:
    """Whether a number counts the answer's own lines or names a page: no claim about the text."""
    line = answer.rfind("\n", 0, start) + 1
    item = _LIST_NUMBER.match(answer, line)
    in_list = item is not None and start < item.end() and end <= item.end()
    return in_list or bool(_NAMES_A_PLACE.search(answer, max(start - 12, 0), start))
