"""The pass key: one sentence with a number in a long text, asked for at its end.

Unlike a needle's, the text tells nothing else that was slipped in. The same prose is read with
another key, in another wording, at each depth; what comes before the key is read once. Knows how
the texts are made and asked; the tables are those of needle.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import ask_all, ask_condensed, books_of, fits
from beacon_qa.evaluation.hiding import HidingPlace, passkeys
from beacon_qa.evaluation.marked import FULL, Marked
from beacon_qa.evaluation.needle import ask_plainly, marked, told
from beacon_qa.evaluation.outcome import Outcome, Wanted

NAME = "passkey"
LENGTHS, QUICK_LENGTHS = (8, 32, 100), (8, 16)
DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def measure(wanted: Wanted) -> Outcome:
    """Ask for a pass key by length, depth and ratio; EvaluationError for too short a text."""
    lengths = wanted.within(QUICK_LENGTHS if wanted.quick else LENGTHS)
    answers: list[Marked] = []
    for windows in lengths:
        for number in range(wanted.count_at(windows, 3, 1)):
            rng = random.Random(f"{wanted.seed}/{windows}/{number}")
            tokens = windows * wanted.engine.window
            places = passkeys(
                wanted.documents,
                wanted.engine.prompts,
                tokens,
                DEPTHS,
                rng,
                wordings=wanted.wordings,
            )
            for one in ask_places(wanted.engine, places, wanted.some_ratios, windows):
                answers.append(one)
                wanted.done(NAME)
    what = "“The pass key is 12345”, told once in prose, in several wordings."
    return told(NAME, "Pass key", what, answers, lengths)


def ask_places(
    engine: Engine, places: Sequence[HidingPlace], ratios: Sequence[int], windows: int
) -> Iterator[Marked]:
    """Ask for the key of each text, in every way; the texts part one after another."""
    documents = [place.document for place in places]
    longest = max(len(engine.prompts.document(document.text)) for document in documents)
    for ratio in (*ratios, 0) if fits(engine, longest) else ratios:
        # The key that comes latest in the text last: so most is in common with the next.
        for place, book in zip(places, books_of(engine, documents, ratio), strict=True):
            questions = [hidden.question for hidden in place.hidden]
            if not ratio:
                whole = ask_all(engine, book.memory, questions)
                yield from marked(place, FULL, None, windows, whole)
                continue
            for way, answers in ask_condensed(book, questions).items():
                yield from marked(place, way, ratio, windows, answers)
    for place in places:
        yield from ask_plainly(engine, place, windows)
