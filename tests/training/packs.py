"""Texts to train on, made small: two books, two articles with questions, a story."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from beacon_qa.training.names import words
from beacon_qa.training.texts import Text, read_folder


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
