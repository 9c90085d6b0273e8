"""Does attention find the place, and does reading it again give the answer?

Each hidden fact is asked under these conditions, from the same memory:

    memory        the condensed memory alone
    narrow        that of the windows alone which the question's attention finds
    look back     of the passages its attention finds, those the question is about are read again
                  behind the memory
    auto          the same, where the find stands out
    oracle        the passage in which the answer stands is read again behind the memory
    full          every token kept, where the model's positions reach
    in window     that passage alone, without any memory
    closed book   the question alone

Knows books, hidden facts and answers; knows nothing of files or tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from beacon_qa.beacon import Memory, Sampling, decode
from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import ANSWER_TOKENS, book_of
from beacon_qa.evaluation.bm25 import ranked
from beacon_qa.evaluation.hiding import Hidden, HidingPlace
from beacon_qa.evaluation.marking import best, f1, named
from beacon_qa.evidence import Passage
from beacon_qa.evidence.looking import PASSAGES, LookBack, longest_passage
from beacon_qa.plaintext import EncodedText

NOWHERE = 99
"""The rank of a place that was not found."""

Told = tuple[str, str, bool, float, float]
"""Condition, answer, whether it is right, F1, seconds."""


@dataclass(frozen=True)
class Found:
    """One question: where evidence and BM25 rank the right stretch (0 is first), and the answers.

    `chance` is the share of the text that
    three stretches cover. `missing_contrast` is the contrast of a question the text is silent on.
    `read_again` says whether the right stretch was read again when looking back, None if unknown.
    """

    ratio: int
    windows: int
    depth: float
    question: str
    answers: tuple[str, ...]
    rank: int
    bm25: int
    chance: float
    contrast: float
    missing_contrast: float | None
    told: tuple[Told, ...]
    read_again: bool | None = None


def measure(
    engine: Engine, place: HidingPlace, ratio: int, *, answers: bool = True
) -> Iterator[Found]:
    """Ask for everything hidden in a text read at `ratio`; without `answers` only find it."""
    book = book_of(engine, place.document, ratio)
    full = None
    if answers and len(book.encoded) + 2 * engine.window < engine.model.beacon.positions:
        full = book_of(engine, place.document, 0)
    longest = longest_passage(engine.window)
    stretches = _stretches(book, longest)
    for hidden in place.hidden:
        found = book.find(hidden.question)
        missing = book.find(hidden.missing).contrast if hidden.missing else None
        by_words = ranked([book.document.text[a:b] for a, b in stretches], hidden.question)
        asked = list(_asked_in_every_way(engine, book, full, hidden, longest)) if answers else []
        looked = [place for one, read in asked if one[0] == "look back" for place in read]
        yield Found(
            ratio=ratio,
            windows=round(len(book.encoded) / engine.window),
            depth=hidden.depth,
            question=hidden.question,
            answers=hidden.answers,
            rank=_rank(found.passages, hidden),
            bm25=rank_of([stretches[place] for place in by_words[:10]], hidden),
            chance=min(1.0, PASSAGES * longest / max(1, len(book.encoded))),
            contrast=found.contrast,
            missing_contrast=missing,
            told=tuple(one for one, _ in asked),
            read_again=_rank(looked, hidden) != NOWHERE if answers else None,
        )


def _asked_in_every_way(
    engine: Engine, book: Book, full: Book | None, hidden: Hidden, longest: int
) -> Iterator[tuple[Told, Sequence[Passage]]]:
    """The answer under every condition, with the passages that were read again for it."""
    place = stretch_around(book.document, book.encoded, hidden, longest)
    asking = len(engine.prompts.question(hidden.question)) + ANSWER_TOKENS
    near = around(
        book.document, book.encoded, hidden, max(longest, engine.window - asking), wide=True
    )
    empty = engine.model.new_memory(0)
    ways: dict[str, Callable[[], tuple[str, Sequence[Passage]]]] = {
        "memory": lambda: _asked(book, hidden, "off"),
        "narrow": lambda: _asked(book, hidden, "narrow"),
        "look back": lambda: _asked(book, hidden, "on"),
        "auto": lambda: _asked(book, hidden, "auto"),
        "oracle": lambda: (_shown(engine, book, hidden, place), ()),
        "in window": lambda: (_given(engine, empty, hidden, [near], alone=True), ()),
        "closed book": lambda: (_given(engine, empty, hidden, [], alone=True), ()),
    }
    if full is not None:
        ways["full"] = lambda: _asked(full, hidden, "off")
    for name, ask in ways.items():
        begun = time.perf_counter()
        answer, read_again = ask()
        seconds = time.perf_counter() - begun
        right = any(named(answer, wanted) for wanted in hidden.answers)
        yield (name, answer, right, best(f1, answer, hidden.answers), seconds), read_again


def _asked(book: Book, hidden: Hidden, way: LookBack) -> tuple[str, Sequence[Passage]]:
    sampling = Sampling(max_new_tokens=ANSWER_TOKENS)
    answer = book.ask(hidden.question, sampling=sampling, look_back=way)
    return answer.text, answer.read_again


def _shown(engine: Engine, book: Book, hidden: Hidden, place: tuple[int, int]) -> str:
    """The answer with one stretch of tokens read again, as passages that are found are."""
    start, end = book.encoded.span(*place)
    memory = book.looking("on").behind(book.memory, [Passage(start, end, "", "", 1.0)])
    return _given(engine, memory, hidden, [book.encoded.ids[slice(*place)]])


def _given(
    engine: Engine,
    memory: Memory,
    hidden: Hidden,
    passages: Sequence[Sequence[int]],
    *,
    alone: bool = False,
) -> str:
    """The answer with these passages in view; `alone` without any text before them."""
    prompts = engine.prompts
    ids = prompts.question(hidden.question, again=passages)
    if alone:
        ids = [*prompts.layout.opening, *ids]
    sampling = Sampling(max_new_tokens=ANSWER_TOKENS, stop_ids=prompts.layout.stop_ids)
    return prompts.text(list(decode(engine.model, memory, ids, sampling))).strip()


def around(
    document: Document, encoded: EncodedText, hidden: Hidden, longest: int, *, wide: bool = False
) -> list[int]:
    """The tokens of the passage the answer stands in, as `stretch_around` finds it."""
    return encoded.ids[slice(*stretch_around(document, encoded, hidden, longest, wide=wide))]


def stretch_around(
    document: Document, encoded: EncodedText, hidden: Hidden, longest: int, *, wide: bool = False
) -> tuple[int, int]:
    """The tokens [first, end) of the passage the answer stands in, which is inside.

    `longest` at most; `wide` takes in what stands before and after it.
    """
    text = document.text[hidden.start : hidden.end]
    places = [text.find(answer) for answer in hidden.answers]
    known = [(place, len(a)) for place, a in zip(places, hidden.answers, strict=True) if place >= 0]
    at, size = known[0] if known else (0, 0)
    first = encoded.tokens_before(hidden.start)
    after = encoded.tokens_before(hidden.end)
    if wide or after - first > longest:
        middle = encoded.tokens_before(hidden.start + at + size // 2)
        if not wide:
            middle = min(max(middle, first + longest // 2), after - longest // 2)
        first = max(0, middle - longest // 2)
        after = first + longest
    return first, min(after, len(encoded.ids))


def _stretches(book: Book, longest: int) -> list[tuple[int, int]]:
    """The text in stretches of as many tokens as a passage has at most, each half over the next."""
    count = len(book.encoded)
    return [book.encoded.span(a, a + longest) for a in range(0, count, max(1, longest // 2))]


def _rank(passages: Sequence[Passage], hidden: Hidden) -> int:
    return rank_of([(passage.start, passage.end) for passage in passages], hidden)


def rank_of(places: Sequence[tuple[int, int]], hidden: Hidden) -> int:
    """The first place that holds most of the fact, or lies in the paragraph asked about."""
    for rank, (start, end) in enumerate(places):
        common = min(end, hidden.end) - max(start, hidden.start)
        if 2 * common > min(end - start, hidden.end - hidden.start):
            return rank
    return NOWHERE
