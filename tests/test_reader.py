"""Reading, asking and going back in a book, with a real tiny model and a real shelf."""

from __future__ import annotations

import dataclasses
import threading
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import BookNotFound, DocumentError, MemoryFileError, ModelError
from beacon_qa.joining import joined
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf import Shelf

SHORT = Sampling(max_new_tokens=12)


def next_logits(engine: Engine, book: Book, question: str = "Who?") -> torch.Tensor:
    """What the model thinks comes first in the answer: a fingerprint of the memory."""
    ids = torch.tensor([engine.prompts.question(question)])
    with torch.no_grad():
        logits = engine.model(input_ids=ids, past_key_values=book.memory.fork()).logits
    return torch.as_tensor(logits[0, -1])


def stop_after(windows: int) -> tuple[list[ReadingProgress], dict[str, object]]:
    seen: list[ReadingProgress] = []
    return seen, {"on_progress": seen.append, "should_stop": lambda: len(seen) >= windows}


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
    book = reader.read(document, on_progress=seen.append)
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
    half = reader.read(document, **options)  # type: ignore[arg-type]
    assert half.memory.windows == len(seen) == 5
    assert not half.coverage.complete
    assert half.ask("Who?", sampling=SHORT).text is not None
    assert reader.shelf.get(half.id).state == "waiting"
    rest: list[ReadingProgress] = []
    book = reader.read(document, on_progress=rest.append)
    assert rest[0].windows == 6
    unbroken = Reader(engine, Shelf(tmp_path / "other")).read(document)
    assert torch.equal(next_logits(engine, book), next_logits(engine, unbroken))
    assert not reader.shelf.partial_path(book.id).exists()


def test_a_closed_reading_keeps_what_was_read(reader: Reader, document: Document) -> None:
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


def test_questions_are_answered_while_the_book_is_read(reader: Reader, document: Document) -> None:
    job = reader.reading(document)
    progress = [next(job) for _ in range(10)][-1]
    early = progress.so_far()
    assert early.ask("Who?", sampling=SHORT).coverage.windows == 10
    logits = next_logits(reader.engine, early)
    for _ in job:
        pass
    assert early.memory.windows == 10
    assert torch.equal(logits, next_logits(reader.engine, early))


def test_an_answer_is_lazy_iterable_and_the_same_again(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    answer = book.ask("Who is it?", sampling=SHORT, look_back="off")
    assert answer.usage.output_tokens == 0
    pieces = list(answer)
    assert "".join(pieces) == answer.text == "".join(answer)
    assert answer.finish in ("stop", "length")
    usage = answer.usage
    assert usage.cached_tokens == book.memory.tokens
    assert usage.input_tokens == usage.cached_tokens + len(
        reader.engine.prompts.question("Who is it?")
    )
    assert 0 < usage.output_tokens <= 12
    assert answer.coverage.complete


def test_asking_does_not_change_the_memory(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    before = next_logits(reader.engine, book), book.memory.tokens, book.memory.kept
    first = book.ask("Who?", sampling=SHORT).text
    book.chat().ask("Why?", sampling=SHORT).text  # noqa: B018
    assert book.ask("Who?", sampling=SHORT).text == first
    assert torch.equal(before[0], next_logits(reader.engine, book))
    assert before[1:] == (book.memory.tokens, book.memory.kept)


def test_a_stop_string_ends_the_answer_and_is_not_in_it(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    whole = book.ask("Who?", sampling=SHORT).text
    word = whole[len(whole) // 2 : len(whole) // 2 + 3]
    answer = book.ask("Who?", sampling=SHORT, stop=[word])
    assert answer.text == whole[: whole.index(word)]
    assert answer.finish == "stop"


def test_a_cancelled_answer_keeps_what_was_told(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    answer = book.ask("Who?", sampling=SHORT)
    first = next(iter(answer))
    answer.cancel()
    assert answer.finish == "cancelled"
    assert answer.text.startswith(first)
    assert answer.usage.output_tokens < 12


def test_threads_get_their_own_answers(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    questions = [f"What is number {n}?" for n in range(6)]
    alone = {question: book.ask(question, sampling=SHORT).text for question in questions}
    together: dict[str, str] = {}

    def ask(question: str) -> None:
        together[question] = book.ask(question, sampling=SHORT).text

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_one_thread_may_tell_two_answers_by_turns(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    alone = [book.ask(question, sampling=SHORT).text for question in ("Who?", "Why?")]
    pair = [iter(book.ask(question, sampling=SHORT)) for question in ("Who?", "Why?")]
    told = ["", ""]
    for _ in range(40):
        for place, pieces in enumerate(pair):
            told[place] += next(pieces, "")
    assert told == alone


def test_a_follow_up_knows_what_was_said(reader: Reader, document: Document) -> None:
    engine, book = reader.engine, reader.read(document)
    chat = book.chat()
    first = chat.ask("Who is it?", sampling=SHORT, look_back="off")
    said = first.text
    second = chat.ask("And why?", sampling=SHORT, look_back="off")
    told = second.text
    assert chat.turns == [Turn("Who is it?", said), Turn("And why?", told)]
    # The same conversation, told to a new chat as history, goes on in the same way.
    again = book.chat([Turn("Who is it?", said)]).ask("And why?", sampling=SHORT, look_back="off")
    assert second.usage.cached_tokens > book.memory.tokens
    assert again.usage.cached_tokens == book.memory.tokens + len(
        engine.prompts.question("Who is it?")
    ) + len(engine.prompts.answer(said))
    prompt = [
        *engine.prompts.question("Who is it?"),
        *engine.prompts.answer(said),
        *engine.prompts.question("And why?", first=False),
    ]
    by_hand = engine.answer(
        "",
        lambda **_: prompt,
        lambda: book.memory,
        cached=0,
        coverage=book.coverage,
        sampling=SHORT,
    )
    assert again.text == by_hand.text


def test_a_question_never_answered_is_not_part_of_the_conversation(
    reader: Reader, document: Document
) -> None:
    book = reader.read(document)
    chat = book.chat()
    chat.ask("Never told?")
    answer = chat.ask("Who?", sampling=SHORT)
    assert answer.text == book.ask("Who?", sampling=SHORT).text
    assert [turn.question for turn in chat.turns] == ["Who?"]


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
    for place in ("chapter 9", "page 99", "Moby", 0):
        with pytest.raises(DocumentError):
            book.as_of(place)


def test_as_of_a_place_not_read_yet_is_refused(reader: Reader, document: Document) -> None:
    _, options = stop_after(3)
    half = reader.read(document, **options)  # type: ignore[arg-type]
    with pytest.raises(DocumentError, match="read on first"):
        half.as_of("Epilogue")


def test_windows_cover_the_text_without_gaps(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    spans = [book.window_span(n) for n in range(book.coverage.total_windows)]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(document.text)
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_a_summary_is_told_from_the_whole_text(reader: Reader, document: Document) -> None:
    summary = reader.read(document).summarize("short", sampling=SHORT)
    assert summary.text == "".join(summary)
    ((chapter, answer),) = summary.parts()
    assert chapter == ""
    assert answer.coverage.complete


def test_each_chapter_is_summarized_from_the_memory_at_its_end(
    reader: Reader, document: Document
) -> None:
    book = reader.read(document)
    summary = book.summarize("short", by_chapter=True, sampling=SHORT)
    parts = list(summary.parts())
    assert [name for name, _ in parts] == ["Loomings", "The Chase", "Epilogue"]
    assert [answer.coverage.pages for _, answer in parts] == [4, 8, 12]
    assert all(f"## {name}\n\n" in summary.text for name, _ in parts)
    question = reader.engine.prompts.summary_request("short", "The Chase")
    assert parts[1][1].text == book.as_of("The Chase").ask(question, sampling=SHORT).text


def test_a_text_without_chapters_is_not_summarized_by_chapter(
    reader: Reader, document: Document
) -> None:
    book = reader.read(dataclasses.replace(document, chapters=()))
    with pytest.raises(DocumentError, match="no chapters"):
        book.summarize(by_chapter=True)


def test_appended_text_is_the_only_text_read(reader: Reader, document: Document) -> None:
    book = reader.read(document)
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
