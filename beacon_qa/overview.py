"""Questions about a whole text or chapter, answered by its sentences where the model is too small.

    What is this book about?      Summarize chapter 2.      What happens in “The Chase”?

The built-in model finds what stands in one place of a text; to what stands nowhere it gives a
phrase from anywhere, which sounds like an answer. Which questions are meant is a short list of
English words, as for several rounds of looking back, so that it can be read and foreseen. It is for
the commands and the page, where people ask; `Book.ask` asks the model whatever it is.
"""

from __future__ import annotations

import re
from contextlib import suppress

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.documents import Span
from beacon_qa.errors import DocumentError
from beacon_qa.excerpt import EXTRACTED, excerpt
from beacon_qa.places import find_place
from beacon_qa.prompts import summary_words

_POLITE = r"(?:please,? |(?:can|could|would|will) you (?:please )?|i (?:want|need|would like) )*"
_KIND = r"(?:summary|outline|overview|synopsis|gist)"
_TEXT = r"(?:book|text|story|novel|tale|play|report|document|paper|article|thesis|essay|file|pdf)"
_QUOTED = r"[“\"«][^“”\"«»]{1,200}[”\"»]"
_THING = (
    rf"(?:it|this|(?:(?:the|this) )?(?:whole |entire )?(?:{_TEXT}|(?:chapter|ch\.?) ?\w{{1,8}})"
    rf"|(?:(?:the|this) )?(?:(?:{_TEXT}|chapter) )?{_QUOTED})"
)
_OVERVIEW = re.compile(
    rf"\A\W*{_POLITE}(?:"
    rf"(?:summari[sz]e|sum up)(?: {_THING})?"
    rf"|(?:(?:give|write|make|show)(?: me)? )?(?:(?:an?|the) (?:\w+ )?)?{_KIND}"
    rf"(?: (?:of|for) {_THING})?"
    rf"|what(?:[’']s| is| was) {_THING} (?:all )?about"
    rf"|what(?:[’']s| is| was) the (?:main )?(?:plot|story|content|{_KIND})(?: (?:of|in) {_THING})?"
    rf"|what (?:happens in {_THING}|(?:has )?happen(?:s|ed) (?:so far|until now))"
    rf"|tell me about {_THING}"
    r")(?:,? (?:for me|please))*\W*\Z",
    re.IGNORECASE,
)
_PART = re.compile(rf"{_QUOTED}|\b(?:chapter|ch\.?) ?\w{{1,8}}", re.IGNORECASE)


def asks_for_overview(question: str) -> bool:
    """Whether a question asks what a whole text or chapter says, by a few English words."""
    return _OVERVIEW.match(" ".join(question.split())) is not None


def overview(book: Book, question: str, sampling: Sampling, *, as_of: str = "") -> Answer | None:
    """Sentences of the text, or of the chapter that the question names, up to a place at most.

    None where the model can say it itself, and where something else is asked.
    """
    if not book.engine.prompts.plain or not asks_for_overview(question):
        return None
    known = book.offset_of(book.memory.tokens)
    if as_of:
        known = min(known, find_place(book.document, as_of).end)
    return excerpt(
        book,
        _part(book, question, known),
        words=summary_words("short"),
        limit=sampling.max_new_tokens,
        question=question,
        above=f"{EXTRACTED}\n\n",
    )


def _part(book: Book, question: str, known: int) -> Span:
    """The chapter that is named, as far as it is known; all that is known where none is."""
    if named := _PART.search(question):
        with suppress(DocumentError):
            # A chapter's long name is cut with a mark where it is suggested.
            found = find_place(book.document, named[0].strip('“”"«»').rstrip("…"))
            if found.start < known:
                return Span(found.start, min(found.end, known), found.label)
    return Span(0, known, "")
