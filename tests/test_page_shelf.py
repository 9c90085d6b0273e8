"""The page without a browser: what it serves, what it refuses, and what the shelf shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import httpx
import pytest
import torch
from brake import Brake
from documents.document_files import pdf
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from safetensors.torch import load_file
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.beacon.memory_file import read_header
from beacon_qa.desk import Desk
from beacon_qa.desk.job import Job
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import AccountError, BookNotFound
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord
from ui.cards import Card, cards
from ui.following import Following
from ui.library import Library
from ui.shelf_events import Shelving
from ui.shelf_html import shelf_html
from ui.start import build_parser, check_host, main

PASSWORD = "a longer secret"
PATIENCE = 120.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Served:
    """A page that is served by a process of its own: its address, its shelf, its brake."""

    app: subprocess.Popen[str]
    address: str
    folder: Path
    brake: Brake

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.folder)

    def client(self, user: str = "") -> Client:
        auth = (user, PASSWORD) if user else None
        return Client(self.address, verbose=False, auth=auth)

    def end(self, number: signal.Signals) -> int:
        self.app.send_signal(number)
        self.app.communicate(timeout=PATIENCE)
        return self.app.returncode


def serve(model: Path, folder: Path, *more: str) -> Served:
    """Start the program as a user does, and wait until it says where it is."""
    brake = Brake(folder.with_name("brake"))
    program = [sys.executable, "tests/brake.py", str(brake.file), "--port", "0"]
    app = subprocess.Popen(
        [*program, "--model", str(model), "--device", "cpu", "--shelf", str(folder), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # The page must start where a proxy is set, too; this one is not there.
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HTTP_PROXY": "http://127.0.0.1:9"},
    )
    assert app.stdout is not None
    address = next(word for word in app.stdout.readline().split() if word.startswith("http"))
    return Served(app, address, folder, brake)


@pytest.fixture(scope="module")
def served(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page with one shelf, that takes files of 200 kB."""
    folder = tmp_path_factory.mktemp("page") / "shelf"
    page = serve(tiny_checkpoint, folder, "--max-upload", "0.2")
    yield page
    assert page.end(signal.SIGTERM) == 0


@pytest.fixture
def start(tiny_checkpoint: Path) -> Iterator[Callable[..., Served]]:
    """Start pages; those that still run when the test ends are killed."""
    pages: list[Served] = []

    def started(folder: Path, *more: str) -> Served:
        pages.append(serve(tiny_checkpoint, folder, *more))
        return pages[-1]

    yield started
    for page in pages:
        if page.app.poll() is None:
            page.end(signal.SIGKILL)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")


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


def until(shelf: Shelf, met: Callable[[BookRecord], bool]) -> BookRecord:
    """The first book of a shelf that is as wanted, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for record in shelf.books():
            if met(record):
                return record
        time.sleep(0.1)
    raise AssertionError(f"no such book: {shelf.books()}")


def test_only_the_three_endpoints_are_published(served: Served) -> None:
    config = httpx.get(f"{served.address}config").json()
    public = {d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public"}
    assert public == {"read", "ask", "summarize"}
    assert not config["analytics_enabled"]
    assert not config.get("footer_links")


def test_read_reports_progress_and_then_the_book(served: Served, text_file: Path) -> None:
    page = served.client()
    reports = list(page.submit(handle_file(str(text_file)), "8", "", api_name="/read"))
    assert {report["state"] for report in reports} <= {"waiting", "parsing", "reading", "ready"}
    last = reports[-1]
    assert (last["state"], last["title"], last["ratio"]) == ("ready", "whale", "8")
    assert last["windows"] == last["total_windows"] > 0
    again = page.predict(handle_file(str(text_file)), "8", "", api_name="/read")
    assert again["known"]
    assert again["book"] == last["book"]


def test_leaving_a_call_stops_its_reading_and_keeps_what_was_read(
    served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "long.txt"
    file.write_text(make_document(1200).text)
    served.brake.hold(3)
    call = served.client().submit(handle_file(str(file)), "8", "", api_name="/read")
    served.brake.wait_until_held()
    call.cancel()

    def stopped(record: BookRecord) -> bool:
        # A window at each look, until the caller is found to have left: there are hundreds.
        served.brake.hold(1)
        return record.reason == "stopped"

    record = until(served.shelf, stopped)
    served.brake.release()
    assert record.title == "long"
    assert 1 < record.windows < record.total_windows


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n", ("auto", ""), "is a picture"),
        (b"A whale.", ("0.5", ""), "is no ratio"),
        (pdf([["A whale."]], password="harpoon"), ("auto", "lance"), "password"),
    ],
)
def test_read_says_why_it_refuses(
    served: Served, tmp_path: Path, content: bytes, arguments: tuple[str, str], sentence: str
) -> None:
    file = tmp_path / "book.pdf"
    file.write_bytes(content)
    with pytest.raises(AppError, match=sentence):
        served.client().predict(handle_file(str(file)), *arguments, api_name="/read")


def test_a_file_over_the_limit_is_not_taken(served: Served) -> None:
    upload = f"{served.address}gradio_api/upload"
    assert httpx.post(upload, files={"files": ("big.txt", b"a" * 220_000)}).status_code == 413
    assert httpx.post(upload, files={"files": ("small.txt", b"a" * 100)}).status_code == 200


def test_read_takes_neither_addresses_nor_files_that_were_not_handed_in(
    served: Served, text_file: Path
) -> None:
    before = len(served.shelf.books())
    calls = f"{served.address}gradio_api/call/read"
    for path in ("http://127.0.0.1:9/a.pdf", str(served.folder / "shelf.sqlite"), str(text_file)):
        sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = httpx.post(calls, json={"data": [sent, "auto", ""]}).json()["event_id"]
        told = httpx.get(f"{calls}/{call}", timeout=30).text
        assert "event: error" in told
        assert str(served.folder) not in told
        assert "://" in path or Path(path).exists()
    assert len(served.shelf.books()) == before


def test_nothing_of_the_store_is_served(served: Served) -> None:
    path = served.folder / "shelf.sqlite"
    assert path.exists()
    assert httpx.get(f"{served.address}gradio_api/file={path}").status_code == 403
    assert httpx.get(served.address).status_code == 200


def test_a_file_that_was_handed_in_is_served_to_nobody(served: Served, tmp_path: Path) -> None:
    upload = f"{served.address}gradio_api/upload"
    (path,) = httpx.post(upload, files={"files": ("a.txt", b"A whale of a file.")}).json()
    sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
    calls = f"{served.address}gradio_api/call/read"
    call = httpx.post(calls, json={"data": [sent, "auto", ""]}).json()["event_id"]
    assert "event: complete" in httpx.get(f"{calls}/{call}", timeout=PATIENCE).text
    assert not Path(path).exists()
    assert httpx.get(f"{served.address}gradio_api/file={path}").status_code in (403, 404)


def test_each_user_has_a_shelf_and_sees_no_other(
    start: Callable[..., Served], tmp_path: Path, text_file: Path
) -> None:
    accounts = Accounts(tmp_path / "users.txt")
    for name in ("ada", "bob"):
        accounts.add(name, PASSWORD)
    page = start(tmp_path / "shelf", "--auth", str(accounts.path))
    assert httpx.get(f"{page.address}config").status_code == 401
    assert httpx.post(f"{page.address}gradio_api/upload", files={"files": b"x"}).status_code == 401
    wrong = {"username": "ada", "password": "a wrong secret"}
    assert httpx.post(f"{page.address}login", data=wrong).status_code == 400
    ada = page.client("ada")
    book = ada.predict(handle_file(str(text_file)), api_name="/read")["book"]
    assert ada.predict(book, "whale?", "", 1, 0, api_name="/ask")[1]["book"] == book
    with pytest.raises(AppError, match="No book"):
        page.client("bob").predict(book, "whale?", "", 1, 0, api_name="/ask")
    assert page.shelf.books() == []
    assert page.end(signal.SIGTERM) == 0


def test_a_server_that_is_killed_while_reading_goes_on_from_its_last_checkpoint(
    start: Callable[..., Served], engine: Engine, tmp_path: Path
) -> None:
    folder, file = tmp_path / "shelf", tmp_path / "long.txt"
    file.write_text(make_document(700).text)
    page = start(folder)
    page.brake.hold(3)
    page.client().submit(handle_file(str(file)), "8", "", api_name="/read")
    page.brake.wait_until_held()
    (record,) = page.shelf.books()
    checkpoint = page.shelf.partial_path(record.id)
    while not checkpoint.exists():
        # A window at each look, until enough time has passed for the first checkpoint.
        page.brake.hold(1)
        page.brake.wait_until_held()
    page.end(signal.SIGKILL)
    assert page.shelf.get(record.id).state == "waiting"
    kept = read_header(checkpoint)["clock"]["tokens"] // engine.window
    assert 2 < kept < record.total_windows
    page.brake.hold(1)
    page = start(folder)
    page.brake.wait_until_held()
    assert page.shelf.get(record.id).windows == kept + 1
    page.brake.release()
    until(page.shelf, lambda record: record.state == "ready")
    assert page.end(signal.SIGTERM) == 0
    other = Shelf(tmp_path / "other")
    unbroken = other.memory_path(Reader(engine, other, 8).read(file).id)
    torch.testing.assert_close(load_file(page.shelf.memory_path(record.id)), load_file(unbroken))


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
