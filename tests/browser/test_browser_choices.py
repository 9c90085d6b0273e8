"""In a real browser: as of a chapter, several conversations, summaries, settings, passwords."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from documents.document_files import PROSE, pdf
from made_books import HARBOUR
from page_rooms import Page
from served_page import ServedPage

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("harbour")]

SECRET = "The Secret Quay"


@pytest.fixture
def opened(page: Page) -> Page:
    """The page with the PDF on show."""
    page.shelf.open(HARBOUR)
    page.talk.says(f"{HARBOUR}: 5 of 5 pages")
    return page


def tab(page: Page, number: int) -> None:
    page.body.click(f"#tabs button[role=tab]:nth-of-type({number})")


def test_an_answer_as_of_a_chapter_knows_and_shows_nothing_beyond(opened: Page) -> None:
    opened.talk.choose("#as-of", "Chapter 1")
    opened.talk.ask("Who was asleep over his ledger?")
    assert "As of the end of Chapter 1: page 2 of 5, nothing beyond" in opened.talk.told()
    told = opened.evidence.says("As of the end of Chapter 1")
    assert not re.search(r"\bp\. [345],", told)
    opened.picture("as-of-chapter")


def test_a_book_has_several_conversations_that_are_chosen_and_deleted(opened: Page) -> None:
    for question in ("Who was asleep?", "Who counted barrels?"):
        opened.talk.click("#new-conversation")
        opened.talk.until(lambda: not opened.talk.questions)
        opened.talk.ask(question)
        opened.talk.told()
        assert opened.talk.questions == [question]
    opened.talk.choose("#conversations", "Who was asleep?")
    opened.talk.until(lambda: opened.talk.questions == ["Who was asleep?"])
    opened.talk.click("#manage > button")
    opened.picture("conversation-managed")
    opened.talk.click("#delete")
    opened.talk.click("#delete-sure")
    opened.talk.until(lambda: not opened.talk.questions)
    opened.talk.find("#conversations input").click()
    # The list is there before its names can be read.
    opened.talk.until(lambda: any(each.text for each in opened.body.all("[role=option]")))
    names = [each.text for each in opened.body.all("[role=option]")]
    assert any("Who counted barrels?" in name for name in names)
    assert not any("Who was asleep?" in name for name in names)


def _filled(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def test_a_summary_by_chapter_is_told_and_given_out(opened: Page, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    opened.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    tab(opened, 2)
    opened.talk.click("#summary-length label:nth-of-type(1)")
    opened.talk.click("#summary-scope label:nth-of-type(2)")
    opened.talk.click("#summarize")
    opened.talk.says("3 of 3 chapters")
    opened.talk.until(lambda: opened.talk.find("#summary-save").is_enabled())
    headings = [heading.text for heading in opened.talk.all("#summary-text h2")]
    assert headings == ["Chapter 1", "Chapter 2", "Chapter 3"]
    opened.picture("summary")
    opened.talk.click("#summary-save")
    files: list[Path] = []

    def given_out() -> bool:
        files[:] = [file for file in tmp_path.glob("*.md") if _filled(file)]
        return bool(files)

    opened.talk.until(given_out, "the file of the summary")
    assert re.findall("^## (.+)$", files[0].read_text("utf-8"), re.MULTILINE) == headings


def test_the_settings_tell_what_reading_costs_and_count_for_the_next_answer(opened: Page) -> None:
    tab(opened, 3)
    opened.talk.until(lambda: len(opened.talk.all("#costs tbody tr")) == 5, "a row for each ratio")
    rows = [row.text for row in opened.talk.all("#costs tbody tr")]
    assert [row.split()[0] for row in rows] == ["2", "4", "8", "16", "32"]
    assert all(re.search(r"[\d.]+ [kMG]B about [\d.]+ (s|min|h) ", row) for row in rows)
    opened.talk.says("GFLOP/s in matrix products, measured")
    opened.picture("settings")
    opened.talk.type("#answer-length input[type=number]", "32")
    tab(opened, 1)
    opened.talk.ask("Who is told of in it?")
    told = re.search(r"(\d+) told in", opened.talk.told())
    assert told
    assert int(told[1]) <= 32
    opened.refresh()
    tab(opened, 3)
    length = partial(opened.talk.find, "#answer-length input[type=number]")
    opened.talk.until(lambda: length().get_attribute("value") == "32", "the length that was set")


def test_a_locked_file_is_read_once_its_password_is_given(
    page: Page, served: ServedPage, tmp_path: Path
) -> None:
    file = tmp_path / "secret.pdf"
    file.write_bytes(pdf([list(PROSE)], title=SECRET, password="harpoon"))
    page.shelf.drop(file)
    page.shelf.wait_for("secret.pdf", "Password needed")
    page.shelf.act("secret.pdf", "password")
    page.body.type("dialog.ask input", "harpoon")
    page.picture("password")
    page.body.click("dialog.ask .go")
    page.shelf.wait_for(SECRET, "Ready")
    assert "harpoon" not in served.log.read_text("utf-8")
