"""Reading with a real tiny model and a real shelf: stopped, gone on with, found again."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
import torch
from readings import SHORT, by_windows, next_logits, stop_after
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import BookNotFound, DocumentError, MemoryFileError, ModelError
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf import Shelf


def test_a_file_is_read_to_its_end(reader: Reader, text_file: Path) -> None:
    book = reader.read(text_file)
    coverage = book.coverage
    assert coverage.complete
    assert coverage.windows == coverage.total_windows == -(-len(book.ids) // reader.engine.window)
    assert book.memory.tokens == len(book.ids)
    assert reader.shelf.get(book.id).state == "ready"
    assert reader.shelf.get(book.id).source == str(text_file.resolve())


def test_progress_counts_windows_pages_and_tokens(reader: Reader, document: Document) -> None:
    seen: list[ReadingProgress] = []
    book = by_windows(reader).read(document, on_progress=seen.append)
    assert [p.windows for p in seen[:3]] == [1, 2, 3]
    assert seen[0].tokens == reader.engine.window
    assert (seen[-1].pages, seen[-1].total_pages) == (12, 12)
    assert seen[-1].tokens == seen[-1].total_tokens == book.record.total_tokens
    assert seen[-1].seconds_left == 0
    assert all(p.tokens_per_second > 0 for p in seen)
    assert str(book.coverage) == f"12 of 12 pages, {len(seen)} of {len(seen)} windows"


def test_a_second_reading_reads_nothing(reader: Reader, document: Document) -> None:
    first = reader.read(document)
    seen: list[ReadingProgress] = []
    second = reader.read(document, on_progress=seen.append)
    assert seen == []
    assert second.id == first.id
    assert torch.equal(next_logits(reader.engine, first), next_logits(reader.engine, second))


def test_the_same_file_under_another_name_is_recognised(reader: Reader, text_file: Path) -> None:
    first = reader.read(text_file)
    copy = text_file.with_name("copy.txt")
    copy.write_bytes(text_file.read_bytes())
    seen: list[ReadingProgress] = []
    assert reader.read(copy, on_progress=seen.append).id == first.id
    assert seen == []


def test_an_explicit_ratio_is_another_memory_and_auto_takes_what_is_there(
    reader: Reader, document: Document
) -> None:
    eight = dataclasses.replace(reader, ratio=8).read(document)
    assert set(eight.memory.ratios) == {8}
    assert reader.read(document).id == eight.id
    mixed = dataclasses.replace(reader, ratio=(2, 8)).read(document)
    assert mixed.memory.ratios[:4] == (2, 8, 2, 8)
    assert len({eight.id, mixed.id}) == 2


def test_auto_takes_the_smallest_ratio_that_fits_the_budget(
    reader: Reader, document: Document
) -> None:
    assert set(reader.read(document).memory.ratios) == {2}
    frugal = dataclasses.replace(reader, memory_budget=200_000)
    book = frugal.read(make_document(150, "Another"))
    assert set(book.memory.ratios) == {8}
    assert book.memory.nbytes < 200_000


def test_a_ratio_that_cannot_hold_the_text_is_refused(reader: Reader) -> None:
    long = make_document(600)
    with pytest.raises(ModelError, match="positions"):
        dataclasses.replace(reader, ratio=2).read(long)
    assert dataclasses.replace(reader, ratio=8).read(long).coverage.complete


def test_a_stopped_reading_keeps_what_was_read_and_goes_on(
    engine: Engine, reader: Reader, document: Document, tmp_path: Path
) -> None:
    seen, options = stop_after(5)
    reader = by_windows(reader)
    half = reader.read(document, **options)  # type: ignore[arg-type]
    assert half.memory.windows == len(seen) == 5
    assert not half.coverage.complete
    assert half.ask("Who?", sampling=SHORT).text is not None
    assert reader.shelf.get(half.id).state == "waiting"
    rest: list[ReadingProgress] = []
    book = reader.read(document, on_progress=rest.append)
    assert rest[0].windows == 6
    unbroken = by_windows(Reader(engine, Shelf(tmp_path / "other"))).read(document)
    assert torch.equal(next_logits(engine, book), next_logits(engine, unbroken))
    assert not reader.shelf.partial_path(book.id).exists()


def test_a_closed_reading_keeps_what_was_read(reader: Reader, document: Document) -> None:
    reader = by_windows(reader)
    job = reader.reading(document)
    for _ in range(4):
        next(job)
    job.close()
    assert reader.shelf.books()[0].state == "waiting"
    rest: list[ReadingProgress] = []
    reader.read(document, on_progress=rest.append)
    assert rest[0].windows == 5


def test_a_reading_may_be_driven_by_several_threads(reader: Reader, document: Document) -> None:
    job = reader.reading(document)
    ends: list[Book] = []

    def step() -> None:
        try:
            next(job)
        except StopIteration as end:
            ends.append(end.value)

    while not ends:
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert ends[0].coverage.complete


def test_a_failed_reading_says_why_and_can_be_tried_again(
    reader: Reader, document: Document
) -> None:
    def fail(progress: ReadingProgress) -> bool:
        raise OSError("the disk is gone")

    job = reader.reading(document, should_stop=lambda: fail(None))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="the disk is gone"):
        next(job)
    record = reader.shelf.books()[0]
    assert (record.state, record.reason) == ("failed", "the disk is gone")
    assert reader.read(document).coverage.complete
    assert reader.shelf.get(record.id).reason == ""


def test_a_book_is_found_by_title(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    assert reader.find("whale").id == book.id
    with pytest.raises(BookNotFound):
        reader.find("Emma")


def test_a_book_of_another_model_has_to_be_read_by_this_one(
    reader: Reader, document: Document
) -> None:
    book = reader.read(document)
    reader.shelf.update(book.id, model_key="another")
    with pytest.raises(BookNotFound, match="has not read it yet"):
        reader.find(book.id)


def test_a_damaged_memory_is_read_again(reader: Reader, document: Document) -> None:
    reader = by_windows(reader)
    book = reader.read(document)
    path = reader.shelf.memory_path(book.id)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(MemoryFileError):
        reader.find(book.id)
    seen: list[ReadingProgress] = []
    again = reader.read(document, on_progress=seen.append)
    assert len(seen) == again.coverage.total_windows
    assert torch.equal(next_logits(reader.engine, book), next_logits(reader.engine, again))


def test_a_reader_waits_for_another_that_reads_the_same_book(
    engine: Engine, reader: Reader, document: Document
) -> None:
    job = reader.reading(document)
    next(job)
    seen: list[ReadingProgress] = []
    books: list[Book] = []
    other = Reader(engine, Shelf(reader.shelf.root))
    thread = threading.Thread(
        target=lambda: books.append(other.read(document, on_progress=seen.append))
    )
    thread.start()
    for _ in job:
        pass
    thread.join()
    assert seen == []
    assert books[0].coverage.complete


@pytest.mark.parametrize("path", ["~nobody-by-this-name/x.txt", "/x\0y.txt", "a" * 5000])
def test_what_can_be_no_path_is_refused_with_a_sentence(reader: Reader, path: str) -> None:
    with pytest.raises(DocumentError):
        reader.read(path)
