"""The shelf on the page: whose books it shows, how they stand there, what becomes of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from brake import Brake
from page_process import PASSWORD
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.desk import Desk
from beacon_qa.desk.job import Job
from beacon_qa.documents import Document
from beacon_qa.errors import AccountError, BookNotFound
from beacon_qa.reader import Reader
from ui.cards import Card, cards
from ui.following import Following
from ui.library import Library
from ui.shelf_events import Shelving
from ui.shelf_html import shelf_html
from ui.start import build_parser, check_host, main

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk that is closed when the test ends."""
    with Desk() as desk:
        yield desk


@pytest.fixture
def library(reader: Reader, desk: Desk) -> Library:
    """A library of one shelf."""
    return Library(reader, desk)


def ended(desk: Desk, reader: Reader, job: Job) -> Job:
    while desk.job(reader, job.id).active:
        desk.wait(desk.version, 0.2)
    return desk.job(reader, job.id)


def test_another_users_book_is_not_to_be_found(
    reader: Reader, desk: Desk, tmp_path: Path, document: Document
) -> None:
    accounts = Accounts(tmp_path / "users.txt")
    for name in ("ada", "bob"):
        accounts.add(name, PASSWORD)
    library = Library(reader, desk, accounts)
    book = library.reader(gr.Request(username="ada")).read(document)
    assert library.book(gr.Request(username="ada"), book.id).id == book.id
    with pytest.raises(BookNotFound):
        library.book(gr.Request(username="bob"), book.id)


@pytest.mark.parametrize("name", [None, "", "eve"])
def test_nobody_reads_without_being_a_user(
    reader: Reader, desk: Desk, tmp_path: Path, name: str | None
) -> None:
    accounts = Accounts(tmp_path / "users.txt")
    accounts.add("ada", PASSWORD)
    with pytest.raises(AccountError, match="log in"):
        Library(reader, desk, accounts).reader(gr.Request(username=name))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.org"])
def test_an_address_that_others_reach_needs_users(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccountError, match="--auth FILE"):
        check_host(host, None)
    check_host(host, tmp_path / "users.txt")
    assert main(["--host", host, "--shelf", str(tmp_path)], str(tmp_path / "uploads")) == 2
    assert "--auth FILE" in capsys.readouterr().err


def test_the_page_is_served_on_loopback_by_default() -> None:
    assert build_parser().parse_args([]).host == "127.0.0.1"
    for host in ("127.0.0.1", "::1", "localhost"):
        check_host(host, None)


def test_a_book_being_read_is_opened_as_far_as_it_is_read(
    library: Library, reader: Reader, desk: Desk, brake: Brake
) -> None:
    brake.hold(3)
    job = desk.submit(reader, make_document(60))
    brake.wait_until_held()
    part = library.book(None, desk.job(reader, job.id).book_id).coverage
    assert part.windows == 3
    brake.release()
    done = ended(desk, reader, job)
    assert library.book(None, done.book_id).coverage.complete
    assert library.book(None, done.book_id) is library.book(None, done.book_id)


def test_the_list_is_sent_only_when_it_has_changed(library: Library, desk: Desk) -> None:
    shelving, reader = Shelving(library), library.reader(None)
    page, *_, shown = shelving.show("", Following(), "", gr.Request())
    assert "Your shelf is empty" in page
    assert shelving.show("", Following(), shown, gr.Request())[0] == gr.skip()
    ended(desk, reader, desk.submit(reader, make_document(20)))
    page, *_ = shelving.show("", Following(), shown, gr.Request())
    assert "The Whale" in page
    assert "2 of 2 pages" in page


def test_a_book_that_was_dropped_is_opened_once_and_one_that_is_known_is_said_to_be(
    library: Library, desk: Desk, text_file: Path
) -> None:
    shelving, reader = Shelving(library), library.reader(None)
    copy = text_file.with_name("copy.txt")
    copy.write_bytes(text_file.read_bytes())
    for file, said in ((text_file, ""), (copy, "it was not read again")):
        _, note, follow = shelving.take([str(file)], {}, gr.Request())
        assert note == ""
        job = ended(desk, reader, desk.job(reader, follow.jobs[0]))
        _, opened, note, follow, _ = shelving.show("", follow, "", gr.Request())
        assert shelving.open(opened, gr.Request()) == job.book_id
        assert note == gr.skip() if not said else said in note
        assert shelving.show("", follow, "", gr.Request())[1] == gr.skip()
        assert not file.exists()


def test_what_is_dropped_is_refused_with_its_name_when_too_much_waits(
    reader: Reader, text_file: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second & last.txt"
    second.write_text("Another whale.")
    with Desk(limit=1) as desk:
        shelving = Shelving(Library(reader, desk))
        with reader.engine.lane.turn():
            files = [str(text_file), str(second)]
            _, note, follow = shelving.take(files, {"ratio": 4}, gr.Request())
        assert "second &amp; last.txt" in note
        assert "cancel one" in note
        (job,) = desk.jobs(reader)
        assert follow.jobs == (job.id,)
        assert reader.shelf.get(ended(desk, reader, job).book_id).ratio == "4"


def test_a_card_says_what_became_of_a_book(
    library: Library, reader: Reader, desk: Desk, brake: Brake
) -> None:
    ready = ended(desk, reader, desk.submit(reader, make_document(20, "Ready")))
    brake.hold(3)
    stopped = desk.submit(reader, make_document(60, "Stopped"))
    brake.wait_until_held()
    desk.cancel(reader, stopped.id)
    brake.release()
    stopped = ended(desk, reader, stopped)
    reader.shelf.update(ready.book_id, model_key="another", model_name="Another")
    foreign, part = {card.title: card for card in cards(reader, desk.jobs(reader))}, None
    part = foreign["Stopped"]
    assert (part.state, part.label, part.openable) == ("stopped", "Stopped", True)
    assert part.actions == ("resume", "delete")
    assert part.share is not None
    assert 0 < part.share < 1
    other = foreign["Ready"]
    assert (other.state, other.openable, other.actions) == ("foreign", False, ("read", "delete"))
    assert "Another" in other.notes[0]
    reader.shelf.update(ready.book_id, model_name=reader.engine.name)
    other = {card.title: card for card in cards(reader, desk.jobs(reader))}["Ready"]
    assert other.state == "foreign"
    assert "another version" in other.notes[0]


def test_names_of_books_are_text_and_never_markup() -> None:
    evil = '<img src=x onerror="alert(1)">'
    card = Card("id", "job", evil, "failed", "Failed", evil, (evil,), 0.5, ("delete",), True)
    page = shelf_html([card], "id", 1, 1)
    assert "<img" not in page
    assert page.count("&lt;img") >= 5
    assert 'aria-current="true"' in page


def test_a_full_shelf_says_so() -> None:
    assert "Delete a book to make room" in shelf_html([], "", 99, 100)
    assert "Delete a book to make room" not in shelf_html([], "", 10, 100)
    assert "used" not in shelf_html([], "", 10, None)


@pytest.mark.parametrize("action", ["open", "cancel", "retry", "resume", "delete", "read"])
def test_ids_that_are_not_on_the_shelf_are_refused(library: Library, action: str) -> None:
    event = gr.EventData(None, {"do": action, "key": "../../etc"})
    with pytest.raises(BookNotFound):
        Shelving(library).act("", Following(), gr.Request(), event)
