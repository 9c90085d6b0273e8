"""Held-out prose to measure with: token ids, and the places between sentences.

Knows documents and a tokenizer; knows nothing of what is planted or measured.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beacon_qa.documents import Document
from beacon_qa.errors import EvaluationError
from beacon_qa.prompts import Prompts
from beacon_qa.training.folder import documents_in

DEMO = Path(__file__).parents[1] / "demo"
"""The novel that comes with this program."""

# A full stop after a single letter or a title ends no sentence.
SENTENCE_END = re.compile(
    r"(?<![A-Z])(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)[.!?][\"'”’)]*(?=\s+[\"'“‘(]*[A-Z])"
)


@dataclass(frozen=True)
class Prose:
    """One text's token ids, and the indices of tokens before which a sentence can be put."""

    title: str
    ids: Sequence[int]
    breaks: Sequence[int]

    def near(self, place: int) -> int:
        """The break nearest to `place`, or `place` itself where there is none."""
        at = bisect_left(self.breaks, place)
        both = self.breaks[max(0, at - 1) : at + 1]
        return min(both, key=lambda found: abs(found - place), default=place)


def held_out(folder: Path | None) -> list[Document]:
    """The texts of a folder; None is the novel that comes with this program.

    A note beside them, such as their licence, is left out: what has less than a hundredth of the
    longest text's length. Raises EvaluationError when there is no text, DocumentError when none
    can be read.
    """
    if folder is None and not DEMO.is_dir():
        raise EvaluationError("This installation has no demonstration novel; give --texts FOLDER.")
    documents = list(documents_in(folder or DEMO))
    longest = max(len(document.text) for document in documents)
    return [document for document in documents if 100 * len(document.text) >= longest]


def draw_stretch(texts: Sequence[Prose], tokens: int, rng: random.Random) -> tuple[Prose, int]:
    """A text and the end of a stretch of `tokens` in it; every possible end is as likely.

    Raises EvaluationError when no text is so long.
    """
    room = [max(0, len(text.ids) - tokens + 1) for text in texts]
    if not sum(room):
        longest = max((len(text.ids) for text in texts), default=0)
        raise EvaluationError(
            f"A stretch of {tokens} tokens is needed and the longest text has {longest}; "
            "give longer texts, or smaller distances."
        )
    text = rng.choices(texts, room)[0]
    return text, rng.randint(tokens, len(text.ids))


def encoded_prose(document: Document, prompts: Prompts) -> Prose:
    """A text as token ids with the places between its sentences."""
    encoded = prompts.document(document.text)
    ends = (match.end() for match in SENTENCE_END.finditer(document.text))
    breaks = sorted({encoded.tokens_before(end) for end in ends})
    return Prose(document.title, encoded.ids, breaks)
