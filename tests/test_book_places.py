"""Places of a book: going back to one, summaries by chapter, text that is appended."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from readings import SHORT, by_windows, next_logits, stop_after
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import DocumentError
from beacon_qa.joining import joined
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress


@pytest.mark.parametrize("place", ["The Chase", "chapter 2", "page 8", 8], ids=str)
def test_as_of_a_place_is_the_memory_of_the_text_up_to_it(
    engine: Engine, reader: Reader, document: Document, tmp_path: Path, place: str | int
) -> None:
    book = reader.read(document).as_of(place)
    end = document.chapters[1].end
    if "page" in str(place) or place == 8:
        end = document.pages[7].end
    # The book is at the same place when only the text up to there is read, token by token.
    ids = book.ids[: book.memory.tokens]
    start = engine.model.new_memory(2)
    assert torch.equal(
        next_logits(engine, book),
        next_logits(engine, Book(engine, book.record, document, engine.read_on(ids, start))),
    )
    assert book.offset_of(book.memory.tokens) == end
    assert not book.coverage.complete
    assert book.coverage.pages == 8


def test_as_of_knows_nothing_of_what_comes_later(
    engine: Engine, reader: Reader, document: Document
) -> None:
    cut = document.chapters[0].end
    text = document.text[:cut] + document.text[cut:].upper()
    other = dataclasses.replace(document, text=text, content_hash="0" * 64)
    first, second = reader.read(document), reader.read(other)
    assert not torch.equal(next_logits(engine, first), next_logits(engine, second))
    early = [book.as_of("Loomings") for book in (first, second)]
    assert torch.equal(next_logits(engine, early[0]), next_logits(engine, early[1]))


def test_as_of_a_place_that_is_not_there_is_refused(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    for place in (
        "chapter 9",
        "page 99",
        "Moby",
        0,
        "²",
        "page ²",
        "9" * 5000,
        "chapter " + "9" * 50,
    ):
        with pytest.raises(DocumentError):
            book.as_of(place)
    for word in ("Prologue", "pool", "pageant"):
        with pytest.raises(DocumentError, match=f"no place called '{word}'"):
            book.as_of(word)
    assert book.as_of("p8").up_to == book.as_of("p. 8").up_to == book.as_of("Page 8").up_to


def test_as_of_a_place_not_read_yet_is_refused(reader: Reader, document: Document) -> None:
    _, options = stop_after(3)
    half = by_windows(reader).read(document, **options)  # type: ignore[arg-type]
    with pytest.raises(DocumentError, match="read on first"):
        half.as_of("Epilogue")


def test_windows_cover_the_text_without_gaps(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    spans = [book.window_span(n) for n in range(book.coverage.total_windows)]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(document.text)
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_a_summary_is_told_from_the_whole_text(chatting: Reader, document: Document) -> None:
    summary = chatting.read(document).summarize("short", sampling=SHORT)
    assert summary.note == ""
    assert summary.text == "".join(summary)
    ((chapter, answer),) = summary.parts()
    assert chapter == ""
    assert answer.coverage.complete


def test_each_chapter_is_summarized_from_the_memory_at_its_end(
    chatting: Reader, document: Document
) -> None:
    book = chatting.read(document)
    summary = book.summarize("short", by_chapter=True, sampling=SHORT)
    parts = list(summary.parts())
    assert [name for name, _ in parts] == ["Loomings", "The Chase", "Epilogue"]
    assert [answer.coverage.pages for _, answer in parts] == [4, 8, 12]
    assert all(f"## {name}\n\n" in summary.text for name, _ in parts)
    question = chatting.engine.prompts.summary_request("short", "The Chase")
    assert parts[1][1].text == book.as_of("The Chase").ask(question, sampling=SHORT).text


def test_a_text_without_chapters_is_not_summarized_by_chapter(
    reader: Reader, document: Document
) -> None:
    book = reader.read(dataclasses.replace(document, chapters=()))
    with pytest.raises(DocumentError, match="no chapters"):
        book.summarize(by_chapter=True)


def test_appended_text_is_the_only_text_read(reader: Reader, document: Document) -> None:
    book = by_windows(reader).read(document)
    more = make_document(30, "A Sequel")
    seen: list[ReadingProgress] = []
    longer = book.append(more, on_progress=seen.append)
    assert longer.memory.windows - book.memory.windows <= len(seen) + 1
    assert seen[0].windows > book.memory.windows
    assert longer.document.text.startswith(document.text)
    assert longer.coverage.complete
    assert (longer.coverage.total_pages, longer.chapters[3].label) == (15, "Loomings")
    assert book.memory.tokens == book.record.total_tokens < longer.memory.tokens


def test_an_appended_book_is_as_if_read_in_one_go_and_is_kept(
    engine: Engine, reader: Reader, document: Document
) -> None:
    longer = reader.read(document).append(make_document(30, "A Sequel"))
    whole = engine.read_on(longer.ids, engine.model.new_memory(2))
    again = reader.find(longer.id)
    by_hand = Book(engine, longer.record, longer.document, whole)
    assert torch.allclose(next_logits(engine, longer), next_logits(engine, by_hand), atol=1e-4)
    # Forks that share other parts of the memory add up the same sums in another order.
    assert torch.allclose(next_logits(engine, longer), next_logits(engine, again), atol=1e-5)
    assert again.ids == longer.ids
    chapter = document.chapters[1]
    assert again.as_of(chapter).offset_of(again.as_of(chapter).memory.tokens) == chapter.end


def test_a_short_text_is_kept_whole_until_more_is_appended(reader: Reader) -> None:
    window = reader.engine.window
    short = reader.read(make_document(1))
    assert short.record.total_tokens <= 2 * window
    assert (short.memory.kept, short.record.condensing) == (short.memory.tokens, "not condensed")
    longer = short.append(make_document(12, "A Sequel"))
    assert longer.record.total_tokens > 2 * window
    assert longer.memory.ratios == (2,) * longer.memory.windows
    assert longer.record.condensing == "ratio 2"
    kept = dataclasses.replace(reader, ratio=0).read(make_document(1)).append(make_document(12))
    assert kept.memory.kept == kept.memory.tokens > 2 * window


def test_joined_documents_keep_their_places() -> None:
    first, second = make_document(30), make_document(20, "Sequel")
    both = joined(first, second)
    assert both.text[both.chapters[3].start :].startswith("Sentence 0")
    assert [page.label for page in both.pages] == ["1", "2", "3", "1", "2"]
    assert all(a.end == b.start for a, b in pairwise(both.pages))
    assert both.locate(both.chapters[3].start).page_number == 4
    assert both.content_hash not in (first.content_hash, second.content_hash)
    plain = joined(first, dataclasses.replace(second, pages=(), chapters=()))
    assert plain.pages[-1].end == len(plain.text)
    assert plain.chapters[-1].label == "Sequel"
