"""The desk reads in the background: in order, once each, stoppable, and without losing anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest
from brake import Brake
from documents.document_files import pdf
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.desk import Desk
from beacon_qa.desk.job import Job
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import BookNotFound, QueueFull
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf

PATIENCE = 60.0


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk that is closed when the test ends."""
    with Desk() as desk:
        yield desk


def wait_for(desk: Desk, reader: Reader, job: Job, met: Callable[[Job], Any]) -> Job:
    """The job once it is as wanted."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        version = desk.version
        seen = desk.job(reader, job.id)
        if met(seen):
            return seen
        desk.wait(version, 1.0)
    raise AssertionError(f"still {desk.job(reader, job.id)}")


def ended(desk: Desk, reader: Reader, job: Job) -> Job:
    return wait_for(desk, reader, job, lambda job: not job.active)


def begin(desk: Desk, reader: Reader, brake: Brake) -> Job:
    """A job of which three windows are read, and which is held there."""
    brake.hold(3)
    job = desk.submit(reader, make_document(60))
    brake.wait_until_held()
    return desk.job(reader, job.id)


def close(desk: Desk, brake: Brake) -> None:
    """Close a desk in the middle of a window."""
    version = desk.version
    closing = Thread(target=desk.close)
    closing.start()
    assert desk.wait(version, PATIENCE) > version
    brake.release()
    closing.join(PATIENCE)
    assert not closing.is_alive()


def test_a_file_becomes_a_book_that_answers(desk: Desk, reader: Reader, text_file: Path) -> None:
    job = ended(desk, reader, desk.submit(reader, text_file))
    assert (job.state, job.known, job.name) == ("ready", False, "whale")
    book = reader.open(reader.shelf.get(job.book_id))
    assert book.coverage.complete
    assert book.record.source == str(text_file)
    assert book.ask("Which whale?", sampling=Sampling(max_new_tokens=2)).finish == ""
    assert text_file.exists()


def test_a_document_can_be_handed_in_at_a_ratio(
    desk: Desk, reader: Reader, document: Document
) -> None:
    job = ended(desk, reader, desk.submit(reader, document, ratio=8))
    assert reader.shelf.get(job.book_id).ratio == "8"


def test_what_is_ready_is_recognised_and_not_read_again(
    desk: Desk, reader: Reader, text_file: Path
) -> None:
    first = ended(desk, reader, desk.submit(reader, text_file))
    touched = reader.shelf.get(first.book_id).updated
    again = ended(desk, reader, desk.submit(reader, text_file, name="another name.txt"))
    assert (again.state, again.known, again.book_id) == ("ready", True, first.book_id)
    assert reader.shelf.get(first.book_id).updated == touched


def test_the_same_content_on_its_way_is_the_same_job(
    desk: Desk, reader: Reader, text_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_bytes(text_file.read_bytes())
    with reader.engine.lane.turn():
        first = desk.submit(reader, text_file)
        assert desk.submit(reader, copy).id == first.id
        other = desk.submit(reader, copy, ratio=8)
        assert other.id != first.id
    assert ended(desk, reader, first).book_id != ended(desk, reader, other).book_id


def test_books_are_read_one_at_a_time_in_the_order_they_came(desk: Desk, reader: Reader) -> None:
    with reader.engine.lane.turn():
        jobs = [desk.submit(reader, make_document(30, f"Book {n}")) for n in range(3)]
        last = wait_for(desk, reader, jobs[2], lambda job: job.book_id)
        wait_for(desk, reader, jobs[0], lambda job: job.state == "reading")
        states = [job.state for job in desk.jobs(reader)]
        assert states == ["reading", "waiting", "waiting"]
        assert desk.job(reader, last.id).ahead == 2
    assert [ended(desk, reader, job).state for job in jobs] == ["ready"] * 3


def test_a_full_queue_refuses_with_a_sentence_until_one_is_done(
    reader: Reader, tmp_path: Path
) -> None:
    file = tmp_path / "third.txt"
    file.write_text("The third book.")
    with Desk(limit=2) as desk:
        with reader.engine.lane.turn():
            for number in range(2):
                desk.submit(reader, make_document(30, f"Book {number}"))
            with pytest.raises(QueueFull, match="2 of 2 books are being read or wait"):
                desk.submit(reader, file, owned=True)
        for job in desk.jobs(reader):
            ended(desk, reader, job)
        assert ended(desk, reader, desk.submit(reader, make_document(30, "Third"))).state == "ready"


def test_cancelling_keeps_what_was_read_and_retrying_goes_on(
    desk: Desk, reader: Reader, brake: Brake
) -> None:
    job = begin(desk, reader, brake)
    desk.cancel(reader, job.id)
    brake.release()
    stopped = ended(desk, reader, job)
    assert (stopped.state, stopped.progress) == ("cancelled", None)
    part = reader.open(reader.shelf.get(stopped.book_id))
    # It stopped within the window that was being read.
    assert part.coverage.windows == 4
    brake.hold(1)
    desk.retry(reader, job.id)
    brake.wait_until_held()
    seen = desk.job(reader, job.id)
    assert seen.progress is not None
    assert seen.progress.windows == 5
    brake.release()
    assert ended(desk, reader, job).state == "ready"


def test_cancelling_what_waits_takes_it_off_the_queue_at_once(desk: Desk, reader: Reader) -> None:
    with reader.engine.lane.turn():
        first = desk.submit(reader, make_document(30, "First"))
        second = desk.submit(reader, make_document(30, "Second"))
        wait_for(desk, reader, second, lambda job: job.book_id)
        wait_for(desk, reader, first, lambda job: job.state == "reading")
        assert desk.cancel(reader, second.id).state == "cancelled"
    assert ended(desk, reader, first).state == "ready"
    assert reader.shelf.get(desk.job(reader, second.id).book_id).windows == 0


def test_a_closed_desk_keeps_what_was_read_and_the_next_one_goes_on(
    reader: Reader, brake: Brake
) -> None:
    desk = Desk()
    book_id = begin(desk, reader, brake).book_id
    close(desk, brake)
    kept = reader.open(reader.shelf.get(book_id)).coverage.windows
    assert kept == 4
    with Desk() as desk:
        brake.hold(1)
        (resumed,) = desk.resume_all(reader)
        brake.wait_until_held()
        seen = desk.job(reader, resumed.id)
        assert seen.progress is not None
        assert seen.progress.windows == kept + 1
        brake.release()
        assert ended(desk, reader, resumed).state == "ready"


def test_what_a_person_stopped_is_not_taken_up_by_itself(reader: Reader, brake: Brake) -> None:
    with Desk() as desk:
        job = begin(desk, reader, brake)
        desk.cancel(reader, job.id)
        brake.release()
        book_id = ended(desk, reader, job).book_id
    with Desk() as desk:
        assert desk.resume_all(reader) == []
        assert ended(desk, reader, desk.resume(reader, book_id)).state == "ready"
        assert desk.resume_all(reader) == []


def test_a_file_that_cannot_be_read_fails_with_its_reason_and_others_go_on(
    desk: Desk, reader: Reader, text_file: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "book.pdf"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    bad = desk.submit(reader, picture)
    good = desk.submit(reader, text_file)
    failed = ended(desk, reader, bad)
    assert failed.state == "failed"
    assert "is a picture" in failed.reason
    assert ended(desk, reader, good).state == "ready"
    assert [record.title for record in reader.shelf.books()] == ["whale"]


def test_an_encrypted_file_is_read_once_its_password_is_given(
    desk: Desk, reader: Reader, tmp_path: Path
) -> None:
    file = tmp_path / "secret.pdf"
    file.write_bytes(pdf([["A secret whale."]], password="harpoon"))
    job = ended(desk, reader, desk.submit(reader, file, owned=True))
    assert (job.state, job.password) == ("failed", True)
    desk.retry(reader, job.id, password="lance")
    assert ended(desk, reader, job).password
    desk.retry(reader, job.id, password="harpoon")
    assert ended(desk, reader, job).state == "ready"


def test_a_handed_in_file_is_moved_away_at_once(
    desk: Desk, reader: Reader, text_file: Path
) -> None:
    job = desk.submit(reader, text_file, owned=True, name="Whales.txt")
    assert not text_file.exists()
    job = ended(desk, reader, job)
    record = reader.shelf.get(job.book_id)
    assert (record.title, record.source) == ("Whales", "")


def test_an_error_nobody_foresaw_is_told_without_its_details(
    desk: Desk, reader: Reader, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(document, text=None)  # type: ignore[arg-type]
    job = ended(desk, reader, desk.submit(reader, broken))
    assert job.state == "failed"
    assert "log" in job.reason
    assert "NoneType" not in job.reason
    assert "NoneType" in caplog.text


def test_a_book_is_asked_while_it_is_being_read(desk: Desk, reader: Reader, brake: Brake) -> None:
    job = begin(desk, reader, brake)
    progress = job.progress
    assert progress is not None
    answer = progress.so_far().ask("Which whale?", sampling=Sampling(max_new_tokens=2))
    assert answer.text is not None
    assert 0 < answer.coverage.windows < answer.coverage.total_windows
    brake.release()
    assert ended(desk, reader, job).state == "ready"


def test_removing_a_book_stops_its_reading_first(desk: Desk, reader: Reader, brake: Brake) -> None:
    book_id = begin(desk, reader, brake).book_id
    Timer(0.2, brake.release).start()
    desk.remove(reader, book_id)
    assert reader.shelf.books() == []
    assert desk.jobs(reader) == ()
    with pytest.raises(BookNotFound):
        desk.remove(reader, book_id)


def test_jobs_of_another_shelf_do_not_exist(
    desk: Desk, reader: Reader, engine: Engine, document: Document, tmp_path: Path
) -> None:
    other = Reader(engine, Shelf(tmp_path / "other"))
    job = desk.submit(reader, document)
    assert desk.jobs(other) == ()
    for act in (desk.job, desk.cancel, desk.retry, desk.dismiss):
        with pytest.raises(BookNotFound):
            act(other, job.id)
    assert ended(desk, reader, job).state == "ready"


def test_ended_jobs_are_forgotten_when_told_or_replaced(
    desk: Desk, reader: Reader, document: Document
) -> None:
    first = ended(desk, reader, desk.submit(reader, document))
    second = ended(desk, reader, desk.submit(reader, document))
    assert [job.id for job in desk.jobs(reader)] == [second.id] != [first.id]
    desk.dismiss(reader, second.id)
    assert desk.jobs(reader) == ()


def test_waiting_returns_when_something_changes_and_not_before(
    desk: Desk, reader: Reader, document: Document
) -> None:
    version = desk.version
    assert desk.wait(version, 0.01) == version
    desk.submit(reader, document)
    assert desk.wait(version, PATIENCE) > version
