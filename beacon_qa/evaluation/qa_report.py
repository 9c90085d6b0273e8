"""The figures of question answering: marks by way of reading, and what the memory contributes.

Knows marked answers; knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beacon_qa.evaluation.intervals import Estimate, mean_of, ratio_of, share_of
from beacon_qa.evaluation.marked import (
    CLOSED,
    CONDENSED,
    FULL,
    IN_WINDOW,
    Marked,
    failures,
    ratios_in,
)
from beacon_qa.evaluation.outcome import Outcome
from beacon_qa.evaluation.tables import figures, percent, table, written

TRUNCATED = "truncated"

_NAMES: Mapping[str, str] = {
    CLOSED: "closed book",
    TRUNCATED: "truncated to the last window",
    IN_WINDOW: "evidence in the raw window",
    FULL: "full attention",
}
_MARKS: Mapping[str, str] = {
    "named": "answer named",
    "exact": "exact match",
    "f1": "F1",
    "rouge-l": "ROUGE-L",
    "silent": "“does not say”",
}


def told(name: str, sets: Mapping[str, Sequence[Marked]], apart: int) -> Outcome:
    """A table for each set, with the two ratios by which memory is judged."""
    parts = [
        f"At least {apart} windows stand between the evidence and the question (stories asked "
        "about as a whole aside), filled with other texts of the set. “Named”: an answer that "
        "counts stands in what was told. “Does not say”: the answer is that the text is silent, "
        "which earns no other mark. Marks are means over questions with 95% intervals."
    ]
    headlines: list[str] = []
    found: dict[str, Any] = {}
    for file, answers in sets.items():
        answered = [one for one in answers if one.wanted]
        windows = sorted({one.windows for one in answers})
        count = len({(one.question, one.wanted) for one in answered})
        mark = _mark_of(answered)
        parts += [
            f"### {file}",
            f"{count} questions; documents of {windows[0]} to {windows[-1]} windows.",
            _table(answered, mark),
        ]
        parts += _silence(answers)
        headlines += _headline(file, answered, mark)
        found[file] = _figures(answered)
    wrong = [
        {"file": file, **failure} for file, answers in sets.items() for failure in failures(answers)
    ]
    return Outcome(name, "Question answering", "\n\n".join(parts), found, headlines, wrong)


def _mark_of(answers: Sequence[Marked]) -> str:
    """The mark that counts: ROUGE-L for long answers, F1 for short ones."""
    return "rouge-l" if any("rouge-l" in dict(one.extra) for one in answers) else "f1"


def _table(answers: Sequence[Marked], mark: str) -> str:
    marks = [key for key in _MARKS if any(key in dict(one.extra) for one in answers)]
    rows = []
    for way, ratio, label in _ways(answers):
        cell = _cell(answers, way, ratio)
        row = [label, *(written(mean_of([m[key] for m in cell]), ".2f") for key in marks)]
        if ratio is not None:
            row += [
                written(_part(answers, way, ratio, base, mark), ".2f") for base in _bases(answers)
            ]
        rows.append([*row, *[""] * (1 + len(marks) + len(_bases(answers)) - len(row))])
    head = ["read", *(_MARKS[key] for key in marks)]
    return table([*head, *(f"{_MARKS[mark]} / {base}" for base in _bases(answers))], rows)


def _bases(answers: Sequence[Marked]) -> list[str]:
    return [base for base in (TRUNCATED, IN_WINDOW) if any(one.way == base for one in answers)]


def _ways(answers: Sequence[Marked]) -> list[tuple[str, int | None, str]]:
    plain = [(way, None, name) for way, name in _NAMES.items() if _cell(answers, way, None)]
    condensed = [
        (way, ratio, f"{way}, ratio {ratio}") for way in CONDENSED for ratio in ratios_in(answers)
    ]
    return [*plain, *condensed]


def _cell(answers: Sequence[Marked], way: str, ratio: int | None) -> list[dict[str, float]]:
    """The marks of each question, always in the same order."""
    return [dict(one.extra) for one in answers if (one.way, one.ratio) == (way, ratio)]


def _part(answers: Sequence[Marked], way: str, ratio: int, base: str, mark: str) -> Estimate | None:
    over, under = _cell(answers, way, ratio), _cell(answers, base, None)
    return ratio_of([marks[mark] for marks in over], [marks[mark] for marks in under])


def _silence(answers: Sequence[Marked]) -> list[str]:
    """How often the model says that the text is silent, where it is."""
    silent = [one for one in answers if not one.wanted]
    if not silent:
        return []
    parts = []
    for way, ratio, label in _ways(silent):
        right = [one.right for one in silent if (one.way, one.ratio) == (way, ratio)]
        parts.append(f"{label} {percent(share_of(right))}")
    return [f"Questions that the text does not answer, and the answer says so: {'; '.join(parts)}."]


def _headline(file: str, answers: Sequence[Marked], mark: str) -> list[str]:
    ratios = ratios_in(answers)
    if not ratios:
        return []
    ratio = 8 if 8 in ratios else ratios[len(ratios) // 2]
    parts = []
    for way in CONDENSED:
        value = written(mean_of([m[mark] for m in _cell(answers, way, ratio)]), ".2f")
        against = "; ".join(
            f"/ {base}: {written(_part(answers, way, ratio, base, mark), '.2f') or 'both 0'}"
            for base in _bases(answers)
        )
        parts.append(f"{way} {value} ({against})")
    return [f"{file}, {_MARKS[mark]} at ratio {ratio}: {', '.join(parts)}."]


def _figures(answers: Sequence[Marked]) -> list[dict[str, Any]]:
    return [
        {
            "way": way,
            "ratio": ratio,
            **{
                mark: figures(mean_of([marks[mark] for marks in _cell(answers, way, ratio)]))
                for mark in _MARKS
                if any(mark in dict(one.extra) for one in answers)
            },
        }
        for way, ratio, _ in _ways(answers)
    ]
