"""Long texts in which it is known where the answers stand.

    planted     facts slipped in between the sentences of real prose, at depths from 0 to 1
    passages    paragraphs that people asked questions about (SQuAD's form), among many others

Knows documents, facts and question sets; knows nothing of memories or measures.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon_qa.documents import Document
from beacon_qa.errors import EvaluationError
from beacon_qa.prompts import Prompts
from beacon_qa.training.facts import FactMaker
from beacon_qa.training.names import Split

_BREAK = re.compile(r"(?<![A-Z])(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)[.!?][\"'”’)]*(?=\s+[\"'“‘(]*[A-Z])")


@dataclass(frozen=True)
class Hidden:
    """A question, the characters [start, end) its answer stands in, and the answers that count.

    `tell` is what stands there; `missing` is a question about something the text does not tell.
    """

    question: str
    start: int
    end: int
    answers: tuple[str, ...]
    depth: float
    missing: str = ""


@dataclass(frozen=True)
class HidingPlace:
    """A text and what is hidden in it."""

    document: Document
    hidden: tuple[Hidden, ...]


def planted(
    documents: Sequence[Document],
    prompts: Prompts,
    tokens: int,
    facts: int,
    rng: random.Random,
    *,
    split: Split = "test",
    wordings: Split = "train",
) -> HidingPlace:
    """A stretch of about `tokens` tokens with `facts` told at even depths.

    Raises EvaluationError when no document is so long.
    """
    text = _stretch(documents, prompts, tokens, rng)
    maker = FactMaker(split, wordings=wordings)
    drawn = maker.draw(rng, 2 * facts)
    told, absent = drawn[:facts], drawn[facts:]
    rng.shuffle(told)
    breaks = [match.end() for match in _BREAK.finditer(text)]
    if len(breaks) < facts:
        raise EvaluationError("The prose has too few sentences to plant facts in; give a novel.")
    parts: list[str] = []
    hidden: list[Hidden] = []
    done = length = 0
    for number, fact in enumerate(told):
        depth = (number + 0.5) / facts
        place = min(breaks, key=lambda end: abs(end - depth * len(text)))
        statement = fact.statement(rng)
        parts += [text[done:place], " ", statement]
        length += place - done + 1
        missing = absent[number].question(rng) if number < len(absent) else ""
        question = fact.question(rng)
        hidden.append(
            Hidden(question, length, length + len(statement), (fact.value,), depth, missing)
        )
        length += len(statement)
        done = place
    return HidingPlace(_document("".join([*parts, text[done:]])), tuple(hidden))


def passages(
    articles: Sequence[Any], prompts: Prompts, tokens: int, questions: int, rng: random.Random
) -> HidingPlace:
    """Paragraphs of several articles joined up to about `tokens` tokens; some are asked about."""
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    rng.shuffle(paragraphs)
    parts: list[tuple[int, Any]] = []
    text, size = "", 0
    for paragraph in paragraphs:
        if size >= tokens:
            break
        parts.append((len(text), paragraph))
        text += paragraph["context"].strip() + "\n\n"
        size += len(prompts.document(paragraph["context"]).ids) + 1
    else:
        raise EvaluationError(f"The questions' paragraphs have {size} tokens, not {tokens}.")
    hidden = []
    for start, paragraph in sorted(rng.sample(parts, min(questions, len(parts)))):
        asked = [qa for qa in paragraph["qas"] if qa.get("answers")]
        if not asked:
            continue
        qa = rng.choice(asked)
        answers = tuple(dict.fromkeys(answer["text"] for answer in qa["answers"]))
        end = start + len(paragraph["context"].strip())
        hidden.append(Hidden(qa["question"].strip(), start, end, answers, start / len(text)))
    return HidingPlace(_document(text), tuple(hidden))


def read_articles(path: Path) -> list[Any]:
    """Articles in SQuAD's form, one a line or in one file; raises EvaluationError for none."""
    try:
        text = path.read_text("utf-8")
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
        articles = [article for value in values for article in value.get("data", [value])]
        found = [article for article in articles if article["paragraphs"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} holds no questions in SQuAD's form ({error}); each line is an article with "
            '"paragraphs", each with a "context" and "qas".'
        ) from error
    return found


def _stretch(
    documents: Sequence[Document], prompts: Prompts, tokens: int, rng: random.Random
) -> str:
    """About `tokens` tokens of one document, from the beginning of a sentence on."""
    # Four characters a token is below what any vocabulary needs for prose.
    long = [document for document in documents if len(document.text) > 5 * tokens]
    if not long:
        longest = max((len(document.text) for document in documents), default=0)
        raise EvaluationError(
            f"A stretch of {tokens} tokens is needed and the longest text has {longest} "
            "characters; give longer texts, or ask about fewer windows."
        )
    document = rng.choice(long)
    begin = rng.randrange(len(document.text) - 5 * tokens + 1)
    text = document.text[begin : begin + 5 * tokens]
    first = _BREAK.search(text)
    text = text[first.end() :].lstrip() if first else text
    encoded = prompts.document(text)
    _, end = encoded.span(0, min(tokens, len(encoded.ids)))
    return text[:end]


def _document(text: str) -> Document:
    return Document(
        text=text,
        pages=(),
        chapters=(),
        title="a text made for an evaluation",
        author=None,
        language="en",
        format="text",
        content_hash="",
    )
