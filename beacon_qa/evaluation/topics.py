"""Retrieval from records as others publish them: topics, lines and key-value pairs.

    topics, prompt               LongEval: a conversation on several topics; which came first?
    expected_number, prompt      LongEval: numbered lines; what does one of them say?
    ordered_kv_records           random keys and values (Liu et al., 2023); the value of a key?

Knows these forms and how they are asked; knows nothing of tables but its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.asking import ask_all, ask_condensed, ask_given, book_of, fits
from beacon_qa.evaluation.hiding import Hidden, HidingPlace, document_of
from beacon_qa.evaluation.intervals import Share, share_of
from beacon_qa.evaluation.marked import (
    CLOSED,
    CONDENSED,
    FULL,
    Marked,
    failures,
    ratios_in,
)
from beacon_qa.evaluation.needle import marked
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.sets import read_records
from beacon_qa.evaluation.tables import figures, percent, table

NAME = "topics"
_KEYS = 5
"""Keys or lines asked for in a record, at even depths."""

_LINE = re.compile(r"^line (\S+): REGISTER_CONTENT is <(\d+)>", re.MULTILINE)


def measure(wanted: Wanted) -> Outcome:
    """Ask about the records of every file; EvaluationError for a file in no known form."""
    found: dict[str, list[Marked]] = {}
    for path in wanted.records:
        found[path.name] = []
        for place in places_in(path, wanted.count(6, 1), wanted.seed):
            for one in _ask(wanted, place):
                found[path.name].append(one)
                wanted.done(NAME)
    return told(found)


def places_in(path: Path, count: int, seed: int) -> list[HidingPlace]:
    """Up to `count` records of a file with what is asked about them, drawn by the seed."""
    records = read_records(path)
    drawn = random.Random(f"{seed}/{path.name}").sample(records, min(count, len(records)))
    try:
        return [_place(record) for record in drawn]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise EvaluationError(
            f"{path} holds no records in a known form ({type(error).__name__}: {error}); each line "
            "must have LongEval's prompt with topics or expected_number, or ordered_kv_records."
        ) from error


def _place(record: dict[str, Any]) -> HidingPlace:
    if "ordered_kv_records" in record:
        return _pairs(record["ordered_kv_records"])
    prompt = str(record["prompt"])
    if "topics" in record:
        text, _, request = prompt.partition("Now the record ends.")
        topic = str(record["topics"][0])
        bare = re.sub(r"^the ", "", topic, flags=re.IGNORECASE)
        return HidingPlace(
            document_of(text.strip()), (Hidden(request.strip(), 0, len(text), (bare,), 0.0),)
        )
    text, _, request = prompt.partition("Now the record is over.")
    asked = str(record["random_idx"][0])
    lines = list(_LINE.finditer(text))
    hidden = [
        Hidden(
            request.strip().replace(asked, line[1]),
            line.start(),
            line.end(),
            (line[2],),
            line.start() / len(text),
        )
        for line in _spread(lines)
    ]
    return HidingPlace(document_of(text.strip()), tuple(hidden))


def _pairs(pairs: Sequence[Sequence[str]]) -> HidingPlace:
    """Keys and values as the lines of a JSON object."""
    lines = [f'"{key}": "{value}"' for key, value in pairs]
    text = "{" + ",\n ".join(lines) + "}"
    hidden = []
    for key, value in _spread(pairs):
        start = text.index(f'"{key}"')
        question = f'What is the value of the key "{key}"?'
        end = start + len(key) + len(value) + 6
        hidden.append(Hidden(question, start, end, (value,), start / len(text)))
    return HidingPlace(document_of(text), tuple(hidden))


def _spread(values: Sequence[Any]) -> list[Any]:
    """A few of the values, from the first to the last."""
    last = len(values) - 1
    places = sorted({round(n * last / (_KEYS - 1)) for n in range(_KEYS)})
    return [values[place] for place in places]


def _ask(wanted: Wanted, place: HidingPlace) -> Iterator[Marked]:
    engine = wanted.engine
    questions = [hidden.question for hidden in place.hidden]
    tokens = len(engine.prompts.document(place.document.text))
    windows = round(tokens / engine.window)
    for ratio in wanted.some_ratios:
        book = book_of(engine, place.document, ratio)
        for way, answers in ask_condensed(book, questions).items():
            yield from marked(place, way, ratio, windows, answers)
    if fits(engine, tokens):
        whole = book_of(engine, place.document, 0).memory
        yield from marked(place, FULL, None, windows, ask_all(engine, whole, questions))
    alone = [((), question) for question in questions]
    yield from marked(place, CLOSED, None, windows, ask_given(engine, alone))


def told(found: dict[str, list[Marked]]) -> Outcome:
    """Right answers by way of reading, a column for each file."""
    every = [one for answers in found.values() for one in answers]
    ways: list[tuple[str, int | None]] = [(CLOSED, None), (FULL, None)]
    ways += [(way, ratio) for way in CONDENSED for ratio in ratios_in(every)]
    shares = {
        (way, ratio, file): _share(answers, way, ratio)
        for way, ratio in ways
        for file, answers in found.items()
    }
    heads = [f"{file} ({_lengths(answers)})" for file, answers in found.items()]
    rows = [
        [
            f"{way}, ratio {ratio}" if ratio else way,
            *(percent(shares[way, ratio, f]) for f in found),
        ]
        for way, ratio in ways
    ]
    cells = [
        {"way": way, "ratio": ratio, "file": file, "right": figures(share)}
        for (way, ratio, file), share in shares.items()
    ]
    wrong = [
        {"file": f, **failure} for f, answers in found.items() for failure in failures(answers)
    ]
    return Outcome(
        NAME,
        "Topics, lines and keys",
        "Right when the topic, number or value is named, with the 95% interval; lengths in "
        f"windows.\n\n{table(['read', *heads], rows)}",
        {"cells": cells},
        failures=wrong,
    )


def _lengths(answers: Sequence[Marked]) -> str:
    windows = [one.windows for one in answers]
    return f"{min(windows)} to {max(windows)} windows" if windows else "none"


def _share(answers: Sequence[Marked], way: str, ratio: int | None) -> Share:
    return share_of([one.right for one in answers if (one.way, one.ratio) == (way, ratio)])
