"""In a real browser: questions, answers, what they rest on, and what is kept of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from made_books import HARBOUR, QUESTION
from page_rooms import Page
from selenium.webdriver.common.keys import Keys
from served_page import ServedPage

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("harbour")]

COVERAGE = "5 of 5 pages, 12 of 12 windows read"

_YELLOW = """
const picture = document.querySelector('#page img.page-picture');
if (!picture?.complete || !picture.naturalWidth) return 0;
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
const pen = canvas.getContext('2d');
pen.drawImage(picture, 0, 0);
const [dots, { data }] = [[0], pen.getImageData(0, 0, canvas.width, canvas.height)];
for (let i = 0; i < data.length; i += 4)
  if (data[i] > 200 && data[i + 1] > 180 && data[i + 2] < 160) dots[0] += 1;
return dots[0];
"""
"""How many dots of the page's picture are yellow."""


def _has_words(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


@pytest.fixture
def asked(page: Page) -> Page:
    """The page with a question about the PDF that has been answered."""
    page.shelf.open(HARBOUR)
    page.talk.says(f"{HARBOUR}: {COVERAGE}")
    page.talk.ask(QUESTION)
    page.talk.told()
    return page


def test_an_answer_says_what_it_was_told_from(asked: Page) -> None:
    assert asked.talk.questions == [QUESTION]
    assert len(asked.talk.answers) == 1
    assert asked.talk.answers[0]
    line = asked.talk.told()
    assert COVERAGE in line
    assert re.search(r"read from memory: [\d,]+ tokens; \d+ new · \d+ told in", line, re.IGNORECASE)


def test_a_suggested_question_can_be_clicked(page: Page) -> None:
    page.shelf.open(HARBOUR)
    page.talk.click("#chat .example")
    assert COVERAGE in page.talk.told()
    assert "sentences of it, word for word" in page.talk.answers[0]
    page.evidence.says("Pages it rests on")
    page.evidence.until(lambda: page.evidence.all(".passage"), "the sentences' pages")
    assert page.talk.questions == [f"What is “{HARBOUR}” about?"]


def test_a_passage_opens_its_page_as_a_picture_with_the_passage_marked(asked: Page) -> None:
    asked.evidence.says("Pages it rests on")
    place = asked.evidence.find(".passage-place").text
    asked.evidence.click(".passage")
    asked.evidence.until(lambda: asked.evidence.script(_YELLOW) > 100, "a marked picture")
    number = re.search(r"p\. (\d)", place)
    assert number
    assert f"Page {number[1]} ({number[1]} of 5)" in asked.evidence.text
    assert "could not be found" not in asked.evidence.text
    asked.picture("page-picture")
    asked.evidence.click('#page [data-as="text"][aria-label*="text"]')
    asked.evidence.until(lambda: asked.evidence.find(".page-text mark").text)
    asked.evidence.click("[data-close]")
    asked.evidence.until(lambda: not asked.evidence.all(".page-view"))


def test_a_refresh_finds_the_conversation_and_its_evidence_again(asked: Page) -> None:
    before = asked.talk.answers
    asked.refresh()
    asked.talk.says(QUESTION)
    asked.talk.told()
    assert (asked.talk.questions, asked.talk.answers) == ([QUESTION], before)
    asked.evidence.says("Pages it rests on")


def test_a_second_browser_has_the_same_shelf_and_its_own_conversation(
    asked: Page, second: Page
) -> None:
    second.shelf.open(HARBOUR)
    second.talk.says(f"Ask anything about {HARBOUR}")
    assert not second.talk.questions
    second.talk.ask("Who was asleep over his ledger?")
    second.talk.told()
    assert second.talk.questions == ["Who was asleep over his ledger?"]
    assert asked.talk.questions == [QUESTION]
    asked.refresh()
    asked.talk.until(lambda: asked.talk.questions == [QUESTION], "the conversation")


@pytest.fixture
def another(asked: Page, served: ServedPage, harbour: str) -> Callable[[], None]:
    """Wait until a later answer than the one on show has ended, and is on show."""

    def last() -> tuple[int, bool]:
        """The id of the message kept last (0: of none), and whether its answer has ended."""
        conversations = served.shelf.conversations
        messages = conversations.messages(conversations.of_book(harbour)[0].id)
        if not messages:
            return 0, False
        message = messages[-1]
        return message.id, message.role == "assistant" and bool(message.details.get("finish"))

    first = last()
    assert first[1]

    def wait() -> None:
        # What stood there before stays for a moment: what is on show cannot tell it from the next.
        asked.talk.until(lambda: last()[0] > first[0] and last()[1], "another answer")
        asked.talk.told()

    return wait


def test_a_question_is_edited_and_asked_again(asked: Page, another: Callable[[], None]) -> None:
    asked.talk.click('#chat button[aria-label="Edit"]')
    asked.talk.type("#chat textarea", "Who woke the clerk?")
    asked.talk.click('#chat button[aria-label="Submit"]')
    another()
    asked.talk.until(lambda: len(asked.talk.answers) == 1, "its answer")
    assert asked.talk.questions == ["Who woke the clerk?"]
    assert COVERAGE in asked.talk.told()


def test_an_answer_is_told_once_more(asked: Page, another: Callable[[], None]) -> None:
    before = asked.talk.answers
    asked.talk.click('#chat button[aria-label="Retry"]')
    another()
    # At temperature 0 the same question has the same answer.
    asked.talk.until(lambda: asked.talk.answers == before, "the same answer")
    assert asked.talk.questions == [QUESTION]


def test_a_conversation_is_given_out_as_markdown_and_json(asked: Page, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    asked.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    asked.talk.click("#manage > button")
    texts = {}
    for kind, ending in (("markdown", "md"), ("json", "json")):
        asked.talk.click(f"#export-{kind}")
        file = tmp_path / f"The-Harbour-Office.{ending}"
        asked.talk.until(partial(_has_words, file), file.name)
        texts[kind] = file.read_text(encoding="utf-8")
    assert QUESTION in texts["markdown"]
    assert asked.talk.answers[0] in texts["markdown"]
    messages = json.loads(texts["json"])["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"]


def test_enter_while_an_answer_is_told_keeps_the_next_question(asked: Page) -> None:
    # As the page is while an answer is told: only the button can be told apart.
    asked.talk.script(
        "const stop = document.createElement('button'); stop.className = 'stop-button';"
        "document.querySelector('#question').append(stop)"
    )
    asked.talk.type("#question textarea", "Who woke the clerk?")
    asked.talk.find("#question textarea").send_keys(Keys.ENTER)
    asked.talk.script("document.querySelector('#question > .stop-button').remove()")
    assert asked.talk.find("#question textarea").get_attribute("value") == "Who woke the clerk?"
    asked.talk.find("#question textarea").send_keys(Keys.ENTER)
    asked.talk.until(lambda: len(asked.talk.questions) == 2, "the question")
    asked.talk.told()
    assert asked.talk.questions == [QUESTION, "Who woke the clerk?"]


def test_what_was_to_be_deleted_is_forgotten_when_something_else_is_on_show(asked: Page) -> None:
    asked.talk.click("#manage > button")
    asked.talk.click("#delete")
    asked.talk.says("Delete for ever")
    asked.talk.click("#new-conversation")
    asked.talk.until(lambda: "Delete for ever" not in asked.talk.text, "no more doubt")
    asked.talk.choose("#conversations", QUESTION)
    asked.talk.until(lambda: asked.talk.questions == [QUESTION], "the conversation")
    assert "Delete for ever" not in asked.talk.text


def test_an_edit_that_is_refused_leaves_the_question_as_it_was(asked: Page) -> None:
    asked.talk.click('#chat button[aria-label="Edit"]')
    asked.talk.type("#chat textarea", " ")
    asked.talk.click('#chat button[aria-label="Submit"]')
    asked.body.says("Type a question first.")
    asked.talk.until(lambda: asked.talk.questions == [QUESTION], "the question as it was")
    assert len(asked.talk.answers) == 1


def test_a_book_deleted_in_another_browser_is_shown_no_more(
    page: Page, second: Page, served: ServedPage, tmp_path: Path
) -> None:
    file = tmp_path / "short-lived.txt"
    file.write_text("A ship was seen, and then no more.")
    served.read(file)
    page.shelf.open("short-lived")
    page.talk.says("Ask anything about short-lived")
    second.shelf.act("short-lived", "delete")
    second.body.click("dialog.ask .danger")
    page.talk.says("Choose a book on the shelf")
    page.talk.until(lambda: not page.talk.all("#chat .example"), "no suggested question")
    assert not page.shelf.card("short-lived")
