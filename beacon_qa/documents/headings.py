"""Recognise chapter headings in text that has no other sign of them.

Knows words and numbers that announce a chapter: "CHAPTER IV", "BOOK THE SECOND", "12. A Respite".
Knows nothing of files. A table of contents also lists such lines, one after another with nothing
between them; those are not chapters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at `offset` of a text, ending before `end`; level 1 is topmost."""

    offset: int
    end: int
    label: str
    level: int


_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth last"
)
_CARDINALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty"
)
_NUMBER = (
    r"(?:\d{1,3}|[ivxlc]{1,9}|(?:the\s+)?(?:"
    + "|".join(f"{_ORDINALS} {_CARDINALS}".split())
    + r")(?:[-\s](?:"
    + "|".join(f"{_ORDINALS} {_CARDINALS}".split()[:9] + _CARDINALS.split()[:9])
    + r"))?)"
)
_PART_WORDS = r"book|part|volume|vol\.?|buch|teil|band|partie|tome|livre|parte|libro"
_CHAPTER_WORDS = r"chapter|chap\.|canto|letter|stave|act|kapitel|chapitre|cap[ií]tulo|capitolo"
_ANNOUNCED = re.compile(
    rf"(?P<word>(?P<part>{_PART_WORDS})|{_CHAPTER_WORDS})\.?\s+(?:the\s+)?{_NUMBER}"
    rf"(?P<rest>(?:(?<=\d)(?=[A-Z])|\s*[.:)\]—–-]+\s*|\s+|\Z).*)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:preface|prologue|epilogue|introduction|conclusion|finale|foreword|afterword|appendix"
    r"|postscript|vorwort|einleitung|prolog|epilog|nachwort|pr[ée]face|prólogo|epílogo)[.:]?",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(?P<number>\d{1,3}|[IVXLC]{1,9})(?:\.(?P<title>\s+\S.*)?)?")
_SENTENCE_END = re.compile(r"[.!?,;:][\"'”’»)]*\Z")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_LONGEST = 110
_MOST_FIRSTS = 20
_NEXT_LINE = re.compile(r"\s*([^\n]+)(?:\n|\Z)")
_LEAST_APART = 400
"""Characters between counted headings on average: closer, it is a list."""


def is_heading(line: str) -> bool:
    """Tell whether a line announces a chapter or part with a word and a number."""
    return _announced(line) is not None


def title_among(labels: Sequence[str]) -> str | None:
    """The first of a text's headings, unless it only announces a chapter."""
    return labels[0] if labels and not is_heading(labels[0]) else None


def find_headings(text: str) -> list[Heading]:
    """Return the chapter headings of a cleaned text, in order."""
    lines = [(m.start(), m[0]) for m in re.finditer(r"[^\n]+", text)]
    found = [h for h in map(_read_line, lines) if h is not None]
    if sum(_announced(h.label) is not None for h in found) < 2:
        found = _counted(lines, len(text)) or found
    kept = [part for run in _runs(found, text) for part in _last_descent(run)]
    return [_with_subtitle(heading, text) for heading in kept]


def _read_line(line: tuple[int, str]) -> Heading | None:
    offset, text = line
    level = _announced(text)
    if level is None and _NAMED.fullmatch(text) and text[0].isupper():
        level = 2
    return None if level is None else Heading(offset, offset + len(text), text, level)


def _announced(line: str) -> int | None:
    """Return the level of a line such as "CHAPTER IV. The Storm", None for ordinary text."""
    if len(line) > _LONGEST or not line[:1].isupper():
        return None
    match = _ANNOUNCED.fullmatch(line)
    if match is None:
        return None
    title = match["rest"].strip(" .:)]—–-")
    if title and not (title[0].isupper() or title[0] in "“‘\"'"):
        return None
    # A sentence such as "Chapter 5 Margaret read twice, and slept." is not a heading.
    if title and _SENTENCE_END.search(title) and len(title.split()) > 8:
        return None
    return 1 if match["part"] else 2


def _counted(lines: Sequence[tuple[int, str]], length: int) -> list[Heading]:
    """Return lines such as "1.", "2." or "1. Title", "2. Title" that count up through the text."""
    numbered: list[tuple[int, Heading]] = []
    for offset, text in lines:
        match = _COUNTED.fullmatch(text) if len(text) <= _LONGEST else None
        if match and _titled(match["title"]):
            numbered.append(
                (numeral(match["number"]), Heading(offset, offset + len(text), text, 2))
            )
    firsts = [index for index, (number, _) in enumerate(numbered) if number == 1]
    sequences = [_sequence(numbered[index:]) for index in firsts[:_MOST_FIRSTS]]
    best = max(sequences, key=len, default=[])
    if len(best) < 3:
        return []
    reach = best[-1].offset - best[0].offset
    apart = reach / (len(best) - 1)
    return best if apart >= _LEAST_APART and reach + apart >= length / 2 else []


def _sequence(numbered: Sequence[tuple[int, Heading]]) -> list[Heading]:
    found: list[Heading] = []
    for number, heading in numbered:
        if number == len(found) + 1:
            found.append(heading)
    return found


def _titled(title: str | None) -> bool:
    return title is None or (title.strip()[0].isupper() and not _SENTENCE_END.search(title))


def numeral(number: str) -> int:
    """The value of a number in digits or in Roman numerals up to C, capital letters or small."""
    if number.isdigit():
        return int(number)
    values = [_ROMAN[letter] for letter in number.upper()]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _runs(headings: Sequence[Heading], text: str) -> Iterator[list[Heading]]:
    """Group headings that follow each other with at most a subtitle between them."""
    run: list[Heading] = []
    for heading in headings:
        if run and len(text[run[-1].end : heading.offset].strip()) > _LONGEST:
            yield run
            run = []
        run.append(heading)
    if run:
        yield run


def _last_descent(run: list[Heading]) -> list[Heading]:
    """Keep "BOOK I", "CHAPTER I" at the end of a run; earlier lines are a table of contents."""
    kept = [run[-1]]
    for heading in reversed(run[:-1]):
        if heading.level >= kept[0].level:
            break
        kept.insert(0, heading)
    return kept


def _with_subtitle(heading: Heading, text: str) -> Heading:
    """Take up to three lines of title below the number into the label."""
    end, label = heading.end, heading.label
    for place in range(3):
        following = _NEXT_LINE.match(text, end)
        if following is None or not _is_subtitle(following[1], first=place == 0):
            break
        label = f"{label.rstrip('. ')}. {following[1]}"
        end = following.end(1)
    return Heading(heading.offset, end, label, heading.level)


def _is_subtitle(line: str, *, first: bool) -> bool:
    if is_heading(line) or not any(map(str.isalpha, line)) or len(line) > _LONGEST:
        return False
    if line == line.upper() or (line[0] == "(" and line[-1] == ")"):
        return True
    return first and line[0].isupper() and len(line) <= 70 and not _SENTENCE_END.search(line)
