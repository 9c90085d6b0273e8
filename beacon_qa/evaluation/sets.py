"""Question sets as people publish them, read into one form.

A file has an item a line (JSON), told by its fields:

    paragraphs          SQuAD 1.1 and 2.0: an article, its paragraphs with questions
    sections            FairytaleQA: a story in sections, questions with the sections they need
    context, question   a question with the passage that holds the answer (NQ with gold passages)
    document, qas       SQuALITY: a story with questions, several long answers each
    turns               QMSum: a meeting with requests about it

Knows files; knows nothing of models or of how a text is laid out around the questions.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon_qa.errors import EvaluationError


@dataclass(frozen=True)
class Asked:
    """A question, the answers that count (none: the text does not say), and the parts it needs.

    `first` and `last` are parts of the source, inclusive; None where the whole of it is needed.
    """

    question: str
    answers: tuple[str, ...]
    first: int | None
    last: int | None


@dataclass(frozen=True)
class Source:
    """A text in parts, and what is asked about it."""

    title: str
    parts: tuple[str, ...]
    asked: tuple[Asked, ...]

    @property
    def whole(self) -> bool:
        """Whether the questions are about the text as a whole."""
        return all(asked.first is None for asked in self.asked)


def read_set(path: Path) -> list[Source]:
    """The texts of a question set; raises EvaluationError for a file that is none."""
    try:
        sources = [source for record in read_records(path) for source in _sources(record)]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise EvaluationError(
            f"{path} is not a question set in a known form ({type(error).__name__}: {error}); "
            "each line must be an item of SQuAD, FairytaleQA, NQ with passages, SQuALITY or QMSum."
        ) from error
    if not any(source.asked for source in sources):
        raise EvaluationError(f"{path} asks no questions; give another question set.")
    return sources


def read_records(path: Path) -> list[Any]:
    """The JSON lines of a file, also of a `.gz`; EvaluationError for one that has none."""
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
        records = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, ValueError) as error:
        raise EvaluationError(
            f"{path} cannot be read as JSON lines ({error}); give a .jsonl file, or one in .gz."
        ) from error
    if not records:
        raise EvaluationError(f"{path} is empty; give a file with a JSON object in each line.")
    return records


def _sources(record: dict[str, Any]) -> Iterator[Source]:
    if "paragraphs" in record:
        for paragraph in record["paragraphs"]:
            asked = tuple(
                Asked(qa["question"].strip(), _distinct(a["text"] for a in qa["answers"]), 0, 0)
                for qa in paragraph["qas"]
            )
            yield Source(record["title"], (paragraph["context"].strip(),), asked)
    elif "sections" in record:
        yield _tale(record)
    elif "context" in record:
        asked_one = Asked(record["question"].strip(), _distinct(record["answers"]), 0, 0)
        yield Source(record.get("title", ""), (record["context"].strip(),), (asked_one,))
    elif "turns" in record:
        lines = "\n".join(
            f"{turn['speaker']}: {_spoken(turn['content'])}" for turn in record["turns"]
        )
        items = [*record["general"], *record["specific"]]
        asked = tuple(Asked(i["query"].strip(), (i["answer"].strip(),), None, None) for i in items)
        yield Source(str(record["meeting"]), (lines,), asked)
    else:
        asked = tuple(
            Asked(qa["question"].strip(), _distinct(qa["responses"]), None, None)
            for qa in record["qas"]
        )
        yield Source(str(record["id"]), (_unwrapped(record["document"]),), asked)


def _tale(record: dict[str, Any]) -> Source:
    parts = tuple(_unwrapped(section) for section in record["sections"])
    asked = []
    for qa in record["qas"]:
        # Sections count from one in these files.
        rows = [number - 1 for number in qa["sections"] if 0 < number <= len(parts)]
        if rows:
            answers = _distinct(qa["answers"])
            asked.append(Asked(qa["question"].strip(), answers, min(rows), max(rows)))
    return Source(record["story"], parts, tuple(asked))


def _distinct(answers: Sequence[str] | Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer.strip() for answer in answers if answer.strip()))


def _spoken(content: str) -> str:
    """A transcript's words without its marks ({pause}) and the spaces before punctuation."""
    return re.sub(r" (?=[.,?!;:'])", "", " ".join(re.sub(r"\{\w+\}", "", content).split()))


def _unwrapped(text: str) -> str:
    """The lines of each paragraph joined; paragraphs stay apart by an empty line."""
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if part)
