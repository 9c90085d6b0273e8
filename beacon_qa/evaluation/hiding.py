"""Long texts in which it is known where the answers stand.

    planted     facts slipped in between the sentences of real prose, at depths from 0 to 1
    passages    paragraphs that people asked questions about (SQuAD's form), among many others

Knows documents, facts and question sets; knows nothing of memories or measures.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon_qa.documents import Document
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.prose import SENTENCE_END
from beacon_qa.prompts import Prompts
from beacon_qa.training.facts import FactMaker
from beacon_qa.training.names import Split

_TRIES = 20
"""Stretches of prose that are tried: some pages are one sentence."""


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
    """A text and what is hidden in it; `bare` is the text without it, where that was made."""

    document: Document
    hidden: tuple[Hidden, ...]
    bare: Document | None = None


def planted(
    documents: Sequence[Document],
    prompts: Prompts,
    tokens: int,
    facts: int,
    rng: random.Random,
    *,
    split: Split = "test",
    wordings: Split = "train",
    edges: bool = False,
) -> HidingPlace:
    """A stretch of about `tokens` tokens with `facts` told at even depths.

    With `edges` the first stands at the beginning and the last at the end. Raises EvaluationError
    when no document is so long.
    """
    text = _with_sentences(documents, prompts, tokens, facts, rng)
    drawn = FactMaker(split, wordings=wordings).draw(rng, 2 * facts)
    told, absent = drawn[:facts], drawn[facts:]
    rng.shuffle(told)
    depths = [n / max(1, facts - 1) if edges else (n + 0.5) / facts for n in range(len(told))]
    slips = [Slip(fact.statement(rng), fact.question(rng), (fact.value,)) for fact in told]
    missing = [fact.question(rng) for fact in absent]
    return slipped_in(text, slips, depths, missing)


def _with_sentences(
    documents: Sequence[Document], prompts: Prompts, tokens: int, count: int, rng: random.Random
) -> str:
    """A stretch with so many sentences, or the last one tried."""
    text = ""
    for _ in range(_TRIES):
        text = stretch(documents, prompts, tokens, rng)
        if sum(1 for _ in SENTENCE_END.finditer(text)) >= count:
            break
    return text


def passkeys(
    documents: Sequence[Document],
    prompts: Prompts,
    tokens: int,
    depths: Sequence[float],
    rng: random.Random,
    *,
    split: Split = "test",
    wordings: Split = "train",
) -> list[HidingPlace]:
    """One stretch of prose, once for each depth with another pass key told there.

    Raises EvaluationError when no document is so long.
    """
    text = stretch(documents, prompts, tokens, rng)
    maker = FactMaker(split, wordings=wordings, only=("pass key",))
    places = []
    for depth in depths:
        [fact] = maker.draw(rng, 1)
        slip = Slip(fact.statement(rng), fact.question(rng), (fact.value,))
        places.append(slipped_in(text, [slip], [depth]))
    return places


@dataclass(frozen=True)
class Slip:
    """A sentence to slip in, the question it answers, and the answers that count."""

    statement: str
    question: str
    answers: tuple[str, ...]


def slipped_in(
    text: str, slips: Sequence[Slip], depths: Sequence[float], missing: Sequence[str] = ()
) -> HidingPlace:
    """The text with sentences slipped in between its own, as near as can be to their depths.

    Raises EvaluationError when the text has fewer sentences than are to be slipped in.
    """
    breaks = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    if len(breaks) < len(slips):
        raise EvaluationError("The prose has too few sentences to plant facts in; give a novel.")
    parts: list[str] = []
    hidden: list[Hidden] = []
    done = length = 0
    for number, (slip, depth) in enumerate(zip(slips, depths, strict=True)):
        place = min(breaks, key=lambda end: abs(end - depth * len(text)))
        parts += [text[done:place], " ", slip.statement]
        start = length + place - done + 1
        length = start + len(slip.statement)
        absent = missing[number] if number < len(missing) else ""
        hidden.append(Hidden(slip.question, start, length, slip.answers, depth, absent))
        done = place
    rest = text[done:]
    # At the very beginning no space of the prose's own follows what was slipped in.
    parts.append(rest if not rest or rest[:1].isspace() else " " + rest)
    return HidingPlace(document_of("".join(parts)), tuple(hidden), document_of(text))


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
    return HidingPlace(document_of(text), tuple(hidden))


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


def stretch(
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
    first = SENTENCE_END.search(text)
    text = text[first.end() :].lstrip() if first else text
    encoded = prompts.document(text)
    _, end = encoded.span(0, min(tokens, len(encoded.ids)))
    return text[:end]


def document_of(text: str) -> Document:
    """A text made for an evaluation, as a document."""
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
