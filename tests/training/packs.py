"""Texts to train on, made small: books, articles with questions, a story; and samples read back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from beacon_qa.training.drafts import Sample
from beacon_qa.training.names import words
from beacon_qa.training.texts import Text, read_folder
from beacon_qa.training.vocabulary import ASSISTANT, END, USER


def novel(seed: int, sentences: int = 400) -> str:
    """Prose without any fact or digit, whose sentences no other seed has."""
    rng = random.Random(seed)
    nouns = [*words("object", "train"), *words("animal", "train")]
    lines = []
    for _ in range(sentences):
        one, two, three = rng.sample(nouns, 3)
        lines.append(f'The {one} stood by the old {two}, and "no {three}" was ever seen near it.')
    return "".join(line + rng.choice((" ", " ", "\n\n")) for line in lines).strip()


ANNA = {"text": "Anna", "answer_start": 0}


def texts(folder: Path) -> Iterator[Text]:
    """Two books, two articles with questions, and a story with a long answer, read from a file."""
    paragraphs = [
        {
            "context": f"The lamp of hall {place} was lit by Anna in the month of May.",
            "qas": [{"question": f"Who lit the lamp of hall {place}?", "answers": [ANNA]}],
        }
        for place in range(40)
    ]
    plot = {"question": "What is the plot?", "responses": ["A lamp is lit.", "Anna lights it."]}
    records = [
        {"title": "One", "author": "A. Writer", "text": novel(1)},
        {"title": "Two", "author": "A. Writer", "text": novel(2)},
        {"title": "The_Lamp", "paragraphs": paragraphs},
        {"id": "7", "document": novel(3, 20), "qas": [plot]},
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "texts.jsonl").write_text(lines, "utf-8")
    return read_folder(folder)


def turns(sample: Sample, tokenizer: Tokenizer) -> list[tuple[int, str, str]]:
    """Where each question begins, the question and the answer, read back from the ids."""
    ids = sample.ids.tolist()
    found = []
    for start in np.flatnonzero(sample.ids == USER):
        middle = ids.index(ASSISTANT, start)
        end = ids.index(END, middle)
        question, answer = (
            tokenizer.decode(part) for part in (ids[start + 1 : middle], ids[middle + 1 : end])
        )
        found.append((int(start), question, answer.strip()))
    return found
