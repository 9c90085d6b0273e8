"""`make demo`: read a whole novel with the built-in model and ask what stands in it.

Six sentences that are not in the novel are slipped into a copy of it, so that each answer can be
checked; the novel itself is read from the first word to the last. Knows the Reader and what it
gives back; prints for a person.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from beacon_qa.allocator import keep_freed_memory
from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.errors import BeaconError
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress

NOVEL = Path(__file__).parent / "the-thirty-nine-steps.txt"
TITLE = "The Thirty-Nine Steps, by John Buchan (1915)"
RATIO = 8

_SHOWN = 66
"""Characters of a passage that are shown."""


@dataclass(frozen=True)
class Planted:
    """A sentence slipped in at a fraction `at` of the text, and the question that asks for it."""

    at: float
    sentence: str
    question: str
    value: str


def planted() -> list[Planted]:
    """The six sentences, in the order of the book."""
    rows = json.loads((NOVEL.parent / "facts.json").read_text(encoding="utf-8"))
    return [Planted(**row) for row in rows]


def with_planted(text: str, facts: list[Planted]) -> str:
    """The text with each sentence put in after the sentence that ends next to its place."""
    ends = [match.end() for match in re.finditer(r"[.!?]['’”\"]? ", text)]
    places = [next(end for end in ends if end >= fact.at * len(text)) for fact in facts]
    for place, fact in sorted(zip(places, facts, strict=True), key=lambda p: p[0], reverse=True):
        text = f"{text[:place]}{fact.sentence} {text[place:]}"
    return text


def main() -> int:
    """Run the demonstration; 0 when it ran through, whatever the answers were worth."""
    keep_freed_memory()
    facts = planted()
    with tempfile.TemporaryDirectory(prefix="beacon-qa-demo-") as folder:
        copy = Path(folder) / "the-thirty-nine-steps.txt"
        copy.write_text(with_planted(NOVEL.read_text(encoding="utf-8"), facts), encoding="utf-8")
        reader = Reader.load(ratio=RATIO, shelf=Path(folder) / "shelf")
        say(f"{TITLE}: the whole novel, with six sentences slipped in that only it can tell.\n")
        book = _read(reader, copy)
        _ask(book, facts)
        _open_again(reader, copy)
    return 0


def _read(reader: Reader, path: Path) -> Book:
    begun = shown = time.monotonic()
    last: list[ReadingProgress] = []

    def watch(progress: ReadingProgress) -> None:
        nonlocal shown
        last[:] = [progress]
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            say(
                f"  reading: window {progress.windows} of {progress.total_windows}, "
                f"{progress.tokens_per_second:,.0f} tokens/s"
            )

    book = reader.read(path, on_progress=watch)
    seconds = time.monotonic() - begun
    memory, coverage = book.memory, book.coverage
    say(
        f"Read once: {coverage.tokens:,} tokens in {coverage}, {seconds:.0f} s "
        f"({coverage.tokens / seconds:,.0f} tokens/s).\n"
        f"Condensed at ratio {RATIO} into {memory.kept:,} keys and values a layer, "
        f"{memory.nbytes / 1e6:.0f} MB. Questions are put to that memory; the passages their\n"
        "attention finds are read again before the answer, and nothing else.\n"
    )
    return book


def _ask(book: Book, facts: list[Planted]) -> None:
    right = alone = 0
    windows = book.coverage.total_windows
    sampling = Sampling(max_new_tokens=40)
    for fact in facts:
        alone += fact.value in book.ask(fact.question, sampling=sampling, look_back="off").text
        begun = time.monotonic()
        answer = book.ask(fact.question, sampling=sampling, look_back="on")
        text = answer.text.strip()
        seconds = time.monotonic() - begun
        good = fact.value in text
        right += good
        back = round((1 - fact.at) * windows)
        say(f"Q  {fact.question}\nA  {text}")
        verdict = "right" if good else f"wrong: it is {fact.value}"
        say(f"   {verdict}; told {back} windows back, answered in {seconds:.1f} s")
        say(f"   rests on: {_best(book, answer)}\n")
    say(
        f"{right} of {len(facts)} right looking back; {alone} of {len(facts)} from the condensed "
        "memory alone.\nThe built-in model is small; docs/evidence.md and docs/evaluation.md say "
        "how far it\nreaches. A 7B checkpoint is asked the same way: beacon-qa ask --model ... "
        "--bits 4"
    )


def _best(book: Book, answer: Answer) -> str:
    """The beginning of the passage that drew most attention."""
    if not answer.evidence:
        return "nothing that stands out"
    best = answer.evidence[0]
    words = " ".join(book.document.text[best.start : best.end].split())
    return f"“{words if len(words) <= _SHOWN else words[:_SHOWN].rstrip() + '…'}”"


def _open_again(reader: Reader, path: Path) -> None:
    begun = time.monotonic()
    reader.read(path)
    say(f"Opened again from the shelf in {time.monotonic() - begun:.2f} s, without reading.")


def say(line: str) -> None:
    """A line for the person who watches, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BeaconError as error:
        sys.stderr.write(f"beacon-qa: {error}\n")
        sys.exit(2)
