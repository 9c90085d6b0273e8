"""Conversations as they are given out, and text of others made harmless."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_documents import make_document

from beacon_qa.chat.transcript import account, as_json, as_markdown, coverage_line, usage_line
from beacon_qa.errors import ShelfError
from beacon_qa.markdown import harmless, literal, original
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import MemoryKey
from beacon_qa.shelf.conversations import Conversation, Message

TALK = Conversation(3, "book1", "Who counted?", "", "2026-01-02T03:04:05.6", "2026-01-02T03:05")
COVERAGE = {
    "pages": 120,
    "total_pages": 412,
    "windows": 170,
    "total_windows": 586,
    "tokens": 21_000,
    "total_tokens": 75_000,
}
WHOLE = {**COVERAGE, "pages": 412, "windows": 586, "tokens": 75_000}
USAGE = {"input_tokens": 62_363, "output_tokens": 25, "cached_tokens": 62_349}


def answer(text: str, **details: Any) -> Message:
    return Message(2, 3, "assistant", text, "2026-01-02T03:04:09", details)


def asked(text: str) -> Message:
    return Message(1, 3, "user", text, "2026-01-02T03:04:05")


def started(shelf: Shelf) -> Conversation:
    document = make_document(30)
    shelf.keep_document(document)
    record = shelf.add(MemoryKey(document.content_hash, "m", "4", "t"), document, model_name="m")
    return shelf.conversations.start(record.id)


def test_the_line_under_an_answer_says_what_was_read_from_memory_and_what_anew() -> None:
    line = usage_line({"usage": USAGE, "seconds": 3.24})
    assert line == "read from memory: 62,349 tokens; 14 new · 25 told in 3.2\u00a0s"
    assert usage_line({}) == ""
    asked_nothing = {"input_tokens": 0, "output_tokens": 40, "cached_tokens": 0}
    assert usage_line({"usage": asked_nothing}) == ""


def test_coverage_says_all_pages_or_as_of_which_place() -> None:
    assert coverage_line({"coverage": WHOLE}) == "412 of 412 pages, 586 of 586 windows read"
    assert coverage_line({"coverage": COVERAGE}).startswith("as of page 120 of 412: the rest was")
    no_pages = {**COVERAGE, "pages": 0, "total_pages": 0}
    assert coverage_line({"coverage": no_pages}).startswith("as of window 170 of 586")


def test_an_answer_as_of_a_chapter_names_the_chapter() -> None:
    line = coverage_line({"coverage": COVERAGE, "as_of": "The Chase"})
    assert line == "as of the end of The Chase: page 120 of 412, nothing beyond"


@pytest.mark.parametrize(
    ("finish", "said"), [("cancelled", "stopped"), ("", "not finished"), ("failed", "failed")]
)
def test_an_answer_that_did_not_end_by_itself_is_marked(finish: str, said: str) -> None:
    assert account({"finish": finish})[0] == said
    assert account({"finish": "stop"}) == []


def test_markdown_holds_questions_answers_and_what_they_rest_on() -> None:
    evidence = [{"page": "87", "chapter": "II"}, {"page": "87", "chapter": "II"}, {"page": "xii"}]
    told = answer("He *did*.", finish="stop", usage=USAGE, coverage=WHOLE, evidence=evidence)
    text = as_markdown("Moby *Dick*", TALK, [asked("Who counted the barrels?"), told])
    assert text.startswith("# Moby \\*Dick\\*\n")
    assert "## Question\n\nWho counted the barrels?" in text
    assert "### Answer\n\nHe *did*." in text
    assert "412 of 412 pages" in text
    assert "Rests on: p\\. 87, p\\. xii." in text


def test_json_holds_all_that_was_kept() -> None:
    told = answer("Yes ☺", finish="stop", usage=USAGE)
    value = json.loads(as_json("Moby", TALK, [asked("Is it?"), told]))
    assert value["book"] == {"id": "book1", "title": "Moby"}
    assert [message["text"] for message in value["messages"]] == ["Is it?", "Yes ☺"]
    assert value["messages"][1]["details"]["usage"] == USAGE


def test_an_exported_answer_can_load_nothing() -> None:
    text = as_markdown("T", TALK, [answer("![x](https://evil.example/x.png) <img src=//evil>")])
    assert "![" not in text
    assert "<img" not in text


@pytest.mark.parametrize(
    "text",
    [
        "![a](https://evil.example/a.png)",
        "![a][b]\n\n[b]: https://evil.example/a.png",
        "<img src=https://evil.example/a.png>",
        "<script>alert(1)</script>",
        "</div><!-- x -->",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a]( javascript:alert(1))",
        "[a](<javascript:alert(1)>)",
        "[a](//evil.example)",
        "<javascript:alert(1)>",
        "```mermaid\ngraph TD\n```",
        "~~~ mermaid\ngraph TD\n~~~",
        "ftp://evil.example/a",
        "a@evil.example",
        "1914.",
        " 7) ",
    ],
)
def test_marks_that_load_or_leave_markdown_become_letters(text: str) -> None:
    shown = harmless(text)
    assert shown != text
    assert original(shown) == text
    assert harmless(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 3 < 5 and a & b.",
        "**bold** _it_ `code` [1] (see p. 4)",
        "[a link](https://example.org/x) and https://example.org",
        "- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |",
        "```python\nprint(1)\n```",
    ],
)
def test_ordinary_markdown_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_literal_line_keeps_every_letter_and_no_mark() -> None:
    assert literal("A *b*\n<i>") == "A \\*b\\* \\<i\\>"


def test_a_growing_answer_is_revised_in_place(shelf: Shelf) -> None:
    talk = started(shelf)
    kept = shelf.conversations
    kept.add(talk.id, "user", "Who?")
    message = kept.add(talk.id, "assistant", "", {"finish": ""})
    kept.revise(message.id, "He", {"finish": ""})
    kept.revise(message.id, "He did.", {"finish": "stop"})
    assert [said.text for said in kept.messages(talk.id)] == ["Who?", "He did."]
    assert kept.message(message.id).details == {"finish": "stop"}
    assert kept.get(talk.id).updated > talk.updated


def test_a_message_that_is_gone_cannot_be_revised(shelf: Shelf) -> None:
    with pytest.raises(ShelfError, match="No message 12"):
        shelf.conversations.revise(12, "x")


def test_a_conversation_is_held_from_another_place_only_before_it_begins(shelf: Shelf) -> None:
    talk = started(shelf)
    assert shelf.conversations.hold(talk.id, "Loomings").as_of == "Loomings"
    shelf.conversations.add(talk.id, "user", "Who?")
    with pytest.raises(ShelfError, match="start a new one"):
        shelf.conversations.hold(talk.id, "The Chase")
    assert shelf.conversations.get(talk.id).as_of == "Loomings"
