"""A summary as it is told: the whole text at once, or chapter after chapter.

Knows books and their answers; knows nothing of gradio. Closing the generator stops the model
within a token.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, replace

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat.transcript import coverage_line, usage_line
from beacon_qa.prompts import LENGTHS, Length, summary_tokens

_SHOWN = 0.1
"""Seconds between two views of a growing summary."""


@dataclass(frozen=True)
class Digest:
    """A summary so far: Markdown, how many chapters are told of how many, and from what."""

    text: str = ""
    told: int = 0
    chapters: int = 0
    basis: str = ""
    done: bool = False


def digests(
    book: Book, length: str, by_chapter: bool, temperature: float = 0.0
) -> Generator[Digest, None, None]:
    """Views of a growing summary; the last is `done`.

    Raises DocumentError by chapter for a book without chapters in what was read.
    """
    size: Length = next((name for name in LENGTHS if name == length), "medium")
    sampling = Sampling(max_new_tokens=summary_tokens(size), temperature=temperature)
    summary = book.summarize(size, by_chapter=by_chapter, sampling=sampling)
    chapters = len(book.chapters) if by_chapter else 0
    digest = Digest(basis=coverage_line({"coverage": asdict(book.coverage)}), chapters=chapters)
    yield digest
    before = summary.opening
    for chapter, answer in summary.parts():
        heading = f"## {' '.join(chapter.split())}\n\n" if chapter else ""
        for text in _growing(answer):
            digest = replace(digest, text=f"{before}{heading}{text}")
            yield digest
        before = f"{digest.text}\n\n"
        digest = replace(digest, told=digest.told + 1)
        yield digest
        last = answer
    told = usage_line({"usage": asdict(last.usage)}) if not by_chapter else ""
    basis = " · ".join(line for line in (digest.basis, told) if line)
    yield replace(digest, basis=basis, done=True)


def _growing(answer: Answer) -> Iterator[str]:
    """The answer's text now and then, and at its end."""
    shown = time.monotonic()
    try:
        for _ in answer:
            if time.monotonic() - shown >= _SHOWN:
                shown = time.monotonic()
                yield answer.so_far
    finally:
        answer.cancel()
    yield answer.so_far
