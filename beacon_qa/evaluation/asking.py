"""Read ids into memory and ask: the engine, as an evaluation drives it.

Knows an engine, ids and questions; knows nothing of where the questions come from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from beacon_qa.beacon import Memory, Sampling, condense
from beacon_qa.beacon.together import Together
from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.evaluation.marked import LOOK_BACK, MEMORY, NARROW
from beacon_qa.evidence.looking import LookBack
from beacon_qa.plaintext import EncodedText
from beacon_qa.shelf.book_record import BookRecord

ANSWER_TOKENS = 40
"""Where an answer is cut off; a sentence with one fact is shorter."""

_TOGETHER = 16
"""Answers told side by side."""

Condensing = int | tuple[int, ...]
"""One ratio for every window (0 keeps every token), or several taken in turn."""


def remember(engine: Engine, ids: Sequence[int], ratio: Condensing) -> Memory:
    """A memory of a document's ids."""
    memory: Memory = engine.model.new_memory(ratio)
    opening = engine.prompts.layout.opening
    deque(condense(engine.model, [*opening, *ids], memory=memory), maxlen=0)
    return memory


def book_of(engine: Engine, document: Document, ratio: Condensing) -> Book:
    """A document, read, as a book that is on no shelf."""
    encoded = engine.prompts.document(document.text)
    return _shelfless(engine, document, encoded, remember(engine, encoded.ids, ratio))


def books_of(engine: Engine, documents: Sequence[Document], ratio: Condensing) -> Iterator[Book]:
    """Documents as books; what each has in common with the next, at its beginning, is read once."""
    opening = engine.prompts.layout.opening
    texts = [engine.prompts.document(document.text) for document in documents]
    trunk, read = engine.model.new_memory(ratio), list[int]()
    for place, (document, encoded) in enumerate(zip(documents, texts, strict=True)):
        ids = [*opening, *encoded.ids]
        if ids[: len(read)] != read:
            trunk, read = engine.model.new_memory(ratio), []
        shared = _common(ids, [*opening, *texts[place + 1].ids]) if texts[place + 1 :] else 0
        if shared > len(read):
            trunk, read = engine.read_on(ids[len(read) : shared], trunk), ids[:shared]
        memory = engine.read_on(ids[len(read) :], trunk)
        yield _shelfless(engine, document, encoded, memory)


def _shelfless(engine: Engine, document: Document, encoded: EncodedText, memory: Memory) -> Book:
    record = BookRecord("", "", engine.key, "", "", total_tokens=memory.tokens)
    return Book(engine, record, document, memory, encoded=encoded)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def ask_each(
    engine: Engine,
    asked: Sequence[tuple[Memory, Sequence[int]]],
    tokens: int = ANSWER_TOKENS,
) -> list[str]:
    """The greedy answer to each prompt (ids) from its memory, told side by side.

    Forks of one memory share it, and no memory changes.
    """
    answers: list[str] = []
    for first in range(0, len(asked), _TOGETHER):
        together, told = Together(engine.model), dict[int, list[int]]()
        for memory, ids in asked[first : first + _TOGETHER]:
            told[together.join(memory, ids, _greedy(engine, tokens))] = []
        while together.rows:
            for row, token in together.step():
                told[row].append(token)
        answers += [_text(engine, ids) for ids in told.values()]
    return answers


def ask(engine: Engine, memory: Memory, question: str) -> str:
    """The greedy answer to one question; the memory does not change."""
    return ask_all(engine, memory, [question])[0]


def ask_all(
    engine: Engine, memory: Memory, questions: Sequence[str], tokens: int = ANSWER_TOKENS
) -> list[str]:
    """The greedy answers to several questions from one memory."""
    return ask_each(engine, [(memory, engine.prompts.question(q)) for q in questions], tokens)


def ask_given(
    engine: Engine,
    asked: Sequence[tuple[Sequence[int], str]],
    tokens: int = ANSWER_TOKENS,
) -> list[str]:
    """The plain model's answers: each (ids, question) with these ids as the whole text."""
    opening, empty = engine.prompts.layout.opening, engine.model.new_memory(0)
    whole = [(empty, [*opening, *ids, *engine.prompts.question(q)]) for ids, q in asked]
    return ask_each(engine, whole, tokens)


def ask_looking(
    book: Book, questions: Sequence[str], tokens: int = ANSWER_TOKENS, way: LookBack = "on"
) -> list[str]:
    """The answers to several questions, each with the passages it finds read again."""
    sampling = Sampling(max_new_tokens=tokens)
    return [answer.text for answer in book.ask_many(questions, sampling=sampling, look_back=way)]


def ask_condensed(
    book: Book, questions: Sequence[str], tokens: int = ANSWER_TOKENS
) -> dict[str, list[str]]:
    """The answers to several questions in every way that a condensed text can be asked."""
    return {
        MEMORY: ask_all(book.engine, book.memory, questions, tokens),
        NARROW: ask_looking(book, questions, tokens, "narrow"),
        LOOK_BACK: ask_looking(book, questions, tokens),
    }


def fits(engine: Engine, tokens: int) -> bool:
    """Whether the plain model has positions for so many tokens and a window for a question."""
    return tokens + engine.window < int(engine.model.beacon.positions)


def _greedy(engine: Engine, tokens: int) -> Sampling:
    return Sampling(max_new_tokens=tokens, stop_ids=engine.stop_ids)


def _text(engine: Engine, ids: Sequence[int]) -> str:
    text = engine.prompts.text(ids)
    for stop in engine.prompts.layout.stop_strings:
        text = text.split(stop)[0]
    return text.strip()
