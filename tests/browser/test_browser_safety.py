"""In a real browser: books and answers that would like to run, load or link something."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from page_rooms import Page
from served_page import ServedPage

from beacon_qa.answer import Coverage

pytestmark = pytest.mark.xdist_group("browser")

EVIL = (
    "<script>window.caught = 1</script>"
    '<img src="https://evil.example/a.png" onerror="window.caught = 2">'
    "![a picture](https://evil.example/b.png) "
    "[a link](javascript:window.caught=3) "
    '<iframe src="https://evil.example/c"></iframe><svg onload="window.caught = 4"></svg>'
)
"""Markup that a page must show as letters; `visit` sees what the network was asked for."""

_CAUGHT = """
const bad = '#columns :is(script, iframe, object, img[src^="http"], a[href^="javascript"])';
return [window.caught ?? 0, ...[...document.querySelectorAll(bad)].map((e) => e.outerHTML)];
"""
"""What came of it: 0 alone if nothing did."""


def test_a_book_an_answer_and_a_question_of_markup_are_shown_as_letters(
    page: Page, served: ServedPage, tmp_path: Path
) -> None:
    file = tmp_path / "evil.txt"
    file.write_text(f"{EVIL}\n\nThe mate counted 31 barrels. {EVIL}\n\n" * 20)
    book = served.read(file)
    conversations = served.shelf.conversations
    talk = conversations.start(book, EVIL)
    conversations.add(talk.id, "user", f"Asked: {EVIL}")
    kept = {
        "finish": "stop",
        "coverage": asdict(Coverage(0, 0, 12, 12, 1500, 1500)),
        "evidence": [{"start": 0, "end": 400, "score": 0.5}],
    }
    conversations.add(talk.id, "assistant", f"Answered: {EVIL}", kept)
    page.refresh()
    page.shelf.open("evil")
    page.talk.says("evil:")
    page.talk.choose("#conversations", "<script>")
    page.talk.until(lambda: page.talk.answers, "the answer")
    assert "<script>" in page.talk.answers[0].replace("\u2060", "")
    page.evidence.click(".passage")
    page.evidence.until(lambda: page.evidence.find(".page-text mark").text)
    page.picture("markup-as-letters")
    assert page.body.script(_CAUGHT) == [0]
    page.talk.ask(f"And {EVIL}?")
    page.talk.told()
    assert page.body.script(_CAUGHT) == [0]
    page.shelf.act("evil", "delete")
    page.body.click("dialog.ask .danger")
    page.shelf.until(lambda: not page.shelf.card("evil"))
