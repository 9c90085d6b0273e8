"""The page without a browser: what it serves, what it refuses, and that it goes on after a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import torch
from documents.document_files import pdf
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from page_process import PASSWORD, PATIENCE, Served, serve, until
from safetensors.torch import load_file
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.beacon.memory_file import read_header
from beacon_qa.engine import Engine
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord

pytestmark = pytest.mark.usefixtures("quiet")


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
