"""Numbers, codes and dates in a text, and when two of them are the same.

    1,234   1 234   1234        one number: the digits are equal
    12th March 1915   March 12, 1915   1915-03-12     one date
    QX-4471-B                   one code; the whole number 4471 stands in it, 47 does not

Knows how figures are written in the languages of Europe; knows nothing of documents or answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = (
    "jan(?:uary|uar|vier|eiro)?|enero|gennaio",
    "feb(?:ruary|ruar|rero|braio)?|f[ée]vr(?:ier)?|fevereiro",
    "mar(?:ch|s|zo|ço)?|märz",
    "apr(?:il|ile)?|avr(?:il)?|abr(?:il)?",
    "may|mai|mayo|maggio|maio",
    "june?|juni|juin|junio|giugno|junho",
    "july?|juli|juil(?:let)?|julio|luglio|julho",
    "aug(?:ust)?|ao[uû]t|agosto",
    "sept?(?:ember|embre|iembre)?|settembre|setembro",
    "o[ck]t(?:ober|obre|ubre)?|ottobre|outubro",
    "nov(?:ember|embre|iembre|embro)?",
    "de[cz](?:ember|embre|embro)?|d[ée]c(?:embre)?|dici?embre",
)
_MONTH = "|".join(_MONTHS)
_DAY = r"(?<!\w)(?P<{0}>[0-3]?\d)(?:st|nd|rd|th|er|º|\.)?(?!\w)"
_DATE = re.compile(
    rf"{_DAY.format('d1')}\s+(?:of\s+|de\s+)?(?P<m1>{_MONTH})\b\.?"
    r"(?:,?\s+(?:de\s+)?(?P<y1>\d{4})\b)?"
    rf"|\b(?P<m2>{_MONTH})\b\.?\s+{_DAY.format('d2')}(?:,?\s+(?P<y2>\d{{4}})\b)?"
    r"|(?<!\w)(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d)(?!\w)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w-])\d{1,3}(?:[ \xa0\u2009\u202f]\d{3})+(?!\d)"
    r"|\d(?:[^\W_]|(?<=\d)[.,:'’](?=\d)|[-‐‑–/](?=[^\W_]))*"
)
_GROUPED = re.compile(r"\d{1,3}(?:[,'’ \xa0\u2009\u202f]\d{3})+(?:\.\d+)?")
_DOTTED = re.compile(r"(\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:\.\d{3})+(?=,\d))(?:,(\d+))?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_DECIMAL_COMMA = re.compile(r"(\d+),(\d+)")
_DASH = re.compile("[-‐‑–]")
_JOINT = re.compile(r"[-‐‑–/ \xa0\u2009\u202f]")
_LONGEST_START = 24


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, code or date at the characters [start, end); equal keys mean equal figures.

    `parts` are the keys of what stands in it: whole numbers in a code, the day in a dated year.
    """

    start: int
    end: int
    key: str
    parts: tuple[str, ...] = ()


def figures(text: str) -> Iterator[Figure]:
    """The figures of a text, from its start; none overlaps another."""
    done = 0
    for date in dates(text):
        yield from numbers(text, done, date.start)
        yield date
        done = date.end
    yield from numbers(text, done, len(text))


def numbers(text: str, start: int, end: int) -> Iterator[Figure]:
    """The numbers and codes in text[start:end]; those of a date are numbers, too."""
    done = start
    for number in _NUMBER.finditer(text, start, end):
        if number.start() < done:
            continue
        first, done = _start_of_code(text, number.start(), done), number.end()
        written = text[first:done]
        parts = tuple(key for part in _JOINT.split(written) if (key := _key(part)).isdigit())
        yield Figure(first, done, _key(written), parts)


def dates(text: str) -> Iterator[Figure]:
    """The dates of a text."""
    for date in _DATE.finditer(text):
        key, parts = _date(date)
        if key:
            yield Figure(date.start(), date.end(), key, parts)


def is_date(key: str) -> bool:
    """Whether a figure's key is that of a date."""
    return key.startswith("date ")


def spellings(figure: Figure, written: str) -> tuple[str, ...]:
    """Ways to write the number or code that is `written`; of a date only its year, or its day."""
    if is_date(figure.key):
        return (max(re.findall(r"\d+", written), key=len),)
    number = re.fullmatch(r"(\d+)(?:\.(\d+))?", figure.key)
    if number is None:
        return tuple(dict.fromkeys(_DASH.sub(dash, written) for dash in "-‐‑–"))
    groups = re.findall(r"\d{1,3}(?=(?:\d{3})*$)", number[1])
    whole = dict.fromkeys(
        mark.join(groups) for mark in ("", ",", ".", "'", "’", " ", "\xa0", "\u202f")
    )
    if number[2] is None:
        return tuple(whole)
    return tuple(f"{digits}{point}{number[2]}" for digits in whole for point in ".,")


def _start_of_code(text: str, first: int, done: int) -> int:
    """Where the letters and hyphens begin that stand right before a digit: QX-4471."""
    earliest = max(done, first - _LONGEST_START)
    at = first
    while at > earliest:
        before = text[at - 1]
        joint = before in "-‐‑/" and at - 1 > earliest and text[at - 2].isalnum()
        if not (before.isalnum() or joint):
            break
        at -= 1
    return at


def _key(written: str) -> str:
    if ordinal := _ORDINAL.fullmatch(written):
        return ordinal[1]
    if _GROUPED.fullmatch(written):
        return re.sub(r"[^\d.]", "", written)
    if dotted := _DOTTED.fullmatch(written):
        return dotted[1].replace(".", "") + (f".{dotted[2]}" if dotted[2] else "")
    if comma := _DECIMAL_COMMA.fullmatch(written):
        return f"{comma[1]}.{comma[2]}"
    return _DASH.sub("-", written)


def _date(date: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    """The key of a date and of its parts; empty for what only looks like one."""
    found = date.groupdict()
    n = next(n for n in "123" if found[f"d{n}"])
    day, month, year = int(found[f"d{n}"]), found[f"m{n}"], found[f"y{n}"]
    number = int(month) if month.isdigit() else _month(month)
    sure = year or month[0].isupper()
    if not (sure and 1 <= day <= 31 and 1 <= number <= 12):
        return "", ()
    short = f"date {number:02}-{day:02}"
    if not year:
        return short, ()
    return f"date {year}-{number:02}-{day:02}", (short,)


def _month(name: str) -> int:
    for number, names in enumerate(_MONTHS, start=1):
        if re.fullmatch(names, name, re.IGNORECASE):
            return number
    return 0
