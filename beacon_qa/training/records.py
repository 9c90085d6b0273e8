"""Lists of records to look one entry up in: ledgers, numbered lines, keys with values.

Knows how records are written and asked for. Does not know tokens.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from beacon_qa.training.facts import code, number
from beacon_qa.training.names import Split, person, pick, until_belongs

Namer = Callable[[random.Random, Split], str]


@dataclass(frozen=True)
class Record:
    """One line of a list, which begins with the line end before it; a question and the answer."""

    line: str
    question: str
    answer: str


@dataclass(frozen=True)
class _Style:
    """How a list is written: {k} stands for an entry's key, {v} for its value."""

    key: Namer
    value: Namer
    line: str
    question: str
    answer: str


def draw_records(rng: random.Random, split: Split, count: int) -> list[Record]:
    """Draw up to `count` records of one style, no two with the same key."""
    style = rng.choice(_STYLES)
    entries = {style.key(rng, split): style.value(rng, split) for _ in range(count)}
    return [
        Record(*(_filled(text, key, value) for text in (style.line, style.question, style.answer)))
        for key, value in entries.items()
    ]


def _filled(template: str, key: str, value: str) -> str:
    return template.replace("{k}", key).replace("{v}", value)


def _hexadecimal(rng: random.Random, split: Split) -> str:
    return until_belongs(lambda: f"{rng.getrandbits(32):08x}", split)


def _unique_id(rng: random.Random, split: Split) -> str:
    def invent() -> str:
        digits = f"{rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    return until_belongs(invent, split)


def _label(rng: random.Random, split: Split) -> str:
    kind = rng.choice(("animal", "object"))
    return f"{pick(rng, 'quality', split)}-{pick(rng, kind, split)}"


def _count(rng: random.Random, split: Split) -> str:
    return str(rng.randrange(10, 1000))


def _word(rng: random.Random, split: Split) -> str:
    return pick(rng, rng.choice(("object", "animal", "food", "material")), split)


_STYLES = (
    _Style(_label, number, "\n{k}: {v}", "What number stands next to {k}?",
           "The number next to {k}: {v}."),
    _Style(_label, number, "\nLine {k}: the content is {v}.", "What is the content of line {k}?",
           "Line {k}: the content is {v}."),
    _Style(_label, number, "\nline {k}: REGISTER_CONTENT is <{v}>",
           "What is the REGISTER_CONTENT in line {k}?", "line {k}: REGISTER_CONTENT is <{v}>."),
    _Style(person, number, "\n{k} .... {v}", "Which number stands beside {k}?",
           "{k} .... {v}."),
    _Style(person, _word, "\n{k}, one {v}", "What stands in the list for {k}?", "{k}, one {v}."),
    _Style(code, _word, "\n{k} = {v}", "Which word belongs to {k}?", "{k} = {v}."),
    _Style(_word, _count, "\n{k}\t{v}", "How many {k} are in the list?", "{k}\t{v}."),
    _Style(_hexadecimal, _hexadecimal, '\n"{k}": "{v}",', 'What is the value of the key "{k}"?',
           'The value of the key "{k}": "{v}".'),
    _Style(_unique_id, _unique_id, '\n"{k}": "{v}",', 'What is the value of the key "{k}"?',
           'The value of the key "{k}": "{v}".'),
)  # fmt: skip
