"""In a real browser: files are dropped, watched while they are read, stopped, and refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_books import long_text, small_pdf
from page_rooms import Page
from served_page import ServedPage

pytestmark = pytest.mark.xdist_group("browser")


def test_an_empty_shelf_says_what_to_drop(page: Page) -> None:
    assert "Drop books here" in page.shelf.script(
        "return getComputedStyle("
        "document.querySelector('#drop [data-testid=upload-text]'), '::after').content"
    )
    assert not page.talk.find("#question textarea").is_enabled()
    assert "Choose a book" in page.evidence.text
    page.picture("arriving")


def test_a_dropped_pdf_is_read_before_ones_eyes_and_asked_meanwhile(
    page: Page, served: ServedPage, tmp_path: Path
) -> None:
    title = "The Long Quay"
    file = tmp_path / "quay.pdf"
    file.write_bytes(small_pdf(title, pages=20))
    served.brake.hold(12)
    page.shelf.drop(file)
    moving = page.shelf.wait_for(title, "window 12 of")
    place = re.search(r"page (\d+) of 20, window 12 of (\d+)", moving)
    assert place
    assert re.search(r"tokens/s, .* left", moving)
    page.talk.says("You can ask already")
    page.talk.ask("What is on the first leaf?")
    assert f"As of page {place[1]} of 20: the rest was not read yet" in page.talk.told()
    page.picture("reading")
    served.brake.release()
    done = page.shelf.wait_for(title, "Ready")
    windows = re.search(r"20 of 20 pages, (\d+) of (\d+) windows read", done)
    assert windows
    assert windows[1] == windows[2]
    page.talk.says(f"{title}: 20 of 20 pages")


def test_a_file_that_is_there_already_is_not_read_twice(
    page: Page, harbour: str, tmp_path: Path
) -> None:
    file = tmp_path / "again.pdf"
    file.write_bytes(small_pdf())
    page.shelf.drop(file)
    page.shelf.says("is on the shelf already; it was not read again.")


def test_a_reading_that_is_cancelled_stops_and_says_so(
    page: Page, served: ServedPage, tmp_path: Path
) -> None:
    file = tmp_path / "ships.txt"
    file.write_text(long_text())
    served.brake.hold(3)
    page.shelf.drop(file)
    page.shelf.wait_for("ships", "window 3 of")
    page.shelf.act("ships", "cancel")

    def stopped_card() -> str:
        # A window at each look, until the click has come to the model: there are hundreds.
        served.brake.hold(1)
        card = page.shelf.card("ships")
        return card if "Stopped" in card else ""

    stopped = page.shelf.until(stopped_card, "Stopped on the card of ships")
    served.brake.release()
    read = re.search(r"(\d+) of (\d+) windows read", stopped)
    assert read
    assert 0 < int(read[1]) < int(read[2])
    (record,) = [record for record in served.shelf.books() if record.title == "ships"]
    assert (record.windows, record.reason) == (int(read[1]), "stopped")
    page.picture("stopped")
    page.shelf.act("ships", "delete")
    page.body.click("dialog.ask .danger")
    page.shelf.until(lambda: not page.shelf.card("ships"))


def test_a_bad_file_is_refused_with_a_sentence_and_tried_again_and_the_page_goes_on(
    page: Page, harbour: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.pdf"
    file.write_bytes(b"%PDF-1.7 and then nothing that a PDF has")
    page.shelf.drop(file)
    refused = page.shelf.wait_for("broken.pdf", "Cannot be read")
    assert "“broken.pdf” is damaged and cannot be read" in refused
    page.picture("bad-file")
    page.shelf.script("document.querySelector('.book:has([data-do=retry])').dataset.old = 'yes'")
    page.shelf.act("broken.pdf", "retry")
    page.shelf.until(lambda: not page.shelf.all("[data-old]"), "the file being opened again")
    assert page.shelf.wait_for("broken.pdf", "Cannot be read") == refused
    page.shelf.act("broken.pdf", "dismiss")
    page.shelf.until(lambda: not page.shelf.card("broken.pdf"))
    page.shelf.open("The Harbour Office")
    page.talk.says("The Harbour Office: 5 of 5 pages")


def test_a_file_over_the_limit_is_refused_with_a_sentence_and_the_page_goes_on(
    page: Page, harbour: str, tmp_path: Path
) -> None:
    file = tmp_path / "huge.txt"
    file.write_bytes(b"a" * 600_000)
    page.shelf.drop(file)
    refused = page.body.says("exceed the maximum allowed size")
    assert '"huge.txt"' in refused
    page.picture("too-large")
    assert not page.shelf.card("huge")
    page.shelf.open("The Harbour Office")
    page.talk.says("The Harbour Office: 5 of 5 pages")
