"""Where an answer quotes: the stretches between quote marks, and block quotes.

Knows the quote marks of English, German, French and their neighbours, and which of them is an
apostrophe; knows nothing of what is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CLOSING = {
    "“": "”",
    "„": "“”",
    "‟": "”",
    "”": "”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "›": "‹",
    "‘": "’",
    "‚": "‘’",
    "「": "」",
    "『": "』",
    '"': '"',
    "'": "'",
}
_MARKS = re.compile("[" + "".join(_CLOSING) + "]")
_APOSTROPHES = "'’‘"
_BLOCK = re.compile(r"(?:^[ \t]*>[^\n]*(?:\n|\Z))+", re.MULTILINE)
_BLOCK_MARK = re.compile(r"^[ \t]*>[ \t>]*", re.MULTILINE)
_END_OF_PARAGRAPH = re.compile(r"\n[ \t]*\n|\Z")
_WORD = re.compile(r"\w")
_TWO_WORDS = re.compile(r"\w\W*\s\W*\w")
_LONGEST = 5000
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation: the characters [start, end) of the answer, between its marks, and the words.

    `words` has no Markdown marks of a block quote in it. `inner` are the quotations within.
    """

    start: int
    end: int
    words: str
    inner: tuple[Quotation, ...] = ()


def quotations(answer: str) -> Iterator[Quotation]:
    """The outermost quotations of an answer, in order; one without an end is none."""
    done = 0
    for block in _BLOCK.finditer(answer):
        yield from _marked(answer, done, block.start())
        yield from _block(answer, block)
        done = block.end()
    yield from _marked(answer, done, len(answer))


def _block(answer: str, block: re.Match[str]) -> Iterator[Quotation]:
    words = _BLOCK_MARK.sub("", block[0])
    if _WORD.search(words):
        inner = tuple(_marked(answer, block.start(), block.end()))
        yield Quotation(block.start(), block.start() + len(block[0].rstrip()), words, inner)


def _marked(answer: str, start: int, stop: int, depth: int = 1) -> Iterator[Quotation]:
    at = start
    while mark := _MARKS.search(answer, at, stop):
        at = mark.end()
        close = _close(answer, mark.start(), stop)
        if close < 0 or not _WORD.search(answer, at, close):
            continue
        inner = tuple(_marked(answer, at, close, depth + 1)) if depth < _DEEPEST else ()
        yield Quotation(at, close, answer[at:close], inner)
        at = close + 1


def _close(answer: str, opening: int, stop: int) -> int:
    """The mark that ends the quotation begun at `opening`, -1 when it begins none."""
    if not _opens(answer, opening):
        return -1
    mark, depth = answer[opening], 1
    stop = min(stop, opening + _LONGEST)
    paragraph = _END_OF_PARAGRAPH.search(answer, opening, stop)
    end = paragraph.start() if paragraph else stop
    for at in range(opening + 1, end):
        if answer[at] in _CLOSING[mark] and _closes(answer, at):
            depth -= 1
            if depth == 0:
                plain = mark != "'" or _TWO_WORDS.search(answer, opening + 1, at)
                return at if plain else -1
        elif answer[at] == mark and _opens(answer, at):
            depth += 1
            if depth > _DEEPEST:
                break
    return -1


def _opens(answer: str, at: int) -> bool:
    """Whether a mark can begin a quotation: no word runs up to it, and one follows."""
    before, after = answer[at - 1 : at], answer[at + 1 : at + 2]
    if answer[at] in "«»‹›":
        return True
    if answer[at] == "”":  # opens in Swedish and Finnish only
        return (not before or before.isspace()) and after.isalnum()
    return not before.isalnum() and bool(after) and not after.isspace()


def _closes(answer: str, at: int) -> bool:
    """Whether a mark can end a quotation; an apostrophe has a word on its right, too."""
    before, after = answer[at - 1 : at], answer[at + 1 : at + 2]
    if answer[at] in "«»‹›":
        return True
    return not before.isspace() and not (answer[at] in _APOSTROPHES and after.isalnum())
