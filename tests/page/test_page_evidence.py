"""The evidence panel: what an answer rests on, its quotes, and the strip of attention."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import gradio as gr
import pytest
from kept_answers import answered, kept
from page_requests import request
from readings import by_windows, stop_after
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.documents import Document
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from ui.evidence_events import Evidencing
from ui.evidence_facts import AnswerFacts, gather, whole
from ui.evidence_html import evidence_html
from ui.strip import strip_html


def facts(book: Book, text: str = "It says “whale 14”.", **details: Any) -> AnswerFacts:
    return gather(book.document, book, text, kept(book, text, **details))


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_panel_tells_passages_quotes_and_coverage(book: Book) -> None:
    told = plain(evidence_html(facts(book, "It says “whale 14”, or 14, and “no such words”.")))
    assert "12 of 12 pages" in told
    assert "p. 3, Loomings" in told
    assert "40%" in told
    assert "whale 14 verbatim, p. 1" in told
    assert "no such words not found in the text" in told
    assert "2 of 3 stand in the text" in told


def test_the_snippet_is_the_sentence_that_says_what_the_answer_says(book: Book) -> None:
    page = book.document.pages[2]
    text = book.document.text[page.start : page.end].replace("tells of whale 175", "names Ahab")
    document = replace(
        book.document,
        text=book.document.text[: page.start] + text + book.document.text[page.end :],
    )
    shown = gather(document, None, "It names somebody.", kept(book, ""))
    assert "names Ahab" in shown.passages[0].snippet


def test_without_evidence_there_are_coverage_and_quotes(book: Book) -> None:
    told = plain(evidence_html(facts(book, evidence=[], attention=[])))
    assert "12 of 12 pages" in told
    assert "verbatim, p. 1" in told
    assert "was not kept" in told


def test_a_passage_that_attention_did_not_find_has_no_share(book: Book) -> None:
    page = book.document.pages[2]
    sentence = {"start": page.start, "end": page.start + 20, "score": 0.0}
    told = plain(evidence_html(facts(book, evidence=[sentence], attention=[])))
    assert "p. 3, Loomings" in told
    assert "%" not in told


def test_an_answer_that_is_being_told_is_not_checked_yet(
    evidencing: Evidencing, book: Book, shelf: Shelf
) -> None:
    answer = answered(shelf, book, "It says “whale", finish="")
    html, timer = evidencing.show(book.id, answer, request())
    assert "is being told" in html
    assert timer.active
    assert evidencing.look_again(book.id, answer, request()) == (gr.skip(), gr.skip())
    shelf.conversations.revise(answer, "It says “whale 14”.", kept(book, ""))
    html, timer = evidencing.look_again(book.id, answer, request())
    assert "verbatim" in html
    assert not timer.active


def test_passages_that_were_read_again_say_so(book: Book) -> None:
    page = book.document.pages[2]
    again = [{"start": page.start + 5, "end": page.start + 9}]
    assert "read again" in evidence_html(facts(book, read_again=again))
    assert "read again" not in evidence_html(facts(book))
    elsewhere = book.document.pages[5]
    again.append({"start": elsewhere.start, "end": elsewhere.end, "score": 0.01})
    told = plain(evidence_html(facts(book, read_again=again)))
    assert told.count("read again word for word") == 2
    assert "p. 6" in told


@pytest.mark.parametrize(
    "damage",
    [
        {"evidence": None, "attention": None, "coverage": None},
        {"evidence": "x", "attention": 5, "as_of": "no such place"},
        {"evidence": [7, {}, {"start": "a", "end": None}], "attention": ["x", None, float("nan")]},
        {"evidence": [{"start": -9, "end": 10**12, "score": float("inf")}], "attention": [-1.0]},
    ],
)
def test_details_of_another_make_are_no_trouble(book: Book, damage: dict[str, Any]) -> None:
    assert "Evidence" in evidence_html(facts(book, **damage))


def test_nothing_past_the_chosen_place_is_pointed_to(book: Book) -> None:
    early = book.as_of("chapter 1")
    end = book.document.chapters[0].end
    late = [{"start": end - 20, "end": end + 900, "score": 0.5}, {"start": end, "end": end + 9}]
    text = "It says “whale 833” and “whale 14”, and 833."
    shown = gather(book.document, book, text, kept(early, text, evidence=late))
    assert shown.limit == end
    assert [(passage.start, passage.end) for passage in shown.passages] == [(end - 20, end)]
    assert all(stretch.end <= end for stretch in shown.attention)
    assert [quote.found for quote in shown.quotes] == [False, False, True, False]
    stops = json.loads(unescape(re.findall('data-stops="([^"]*)"', strip_html(shown))[0]))
    assert stops
    assert all(place < end for place, _ in stops)
    assert "beyond" in strip_html(shown)
    assert "As of the end of Loomings" in plain(evidence_html(shown))


def test_a_half_read_book_shows_only_what_was_read(reader: Reader, document: Document) -> None:
    _, options = stop_after(8)
    half = by_windows(reader).read(document, **options)  # type: ignore[arg-type]
    shown = gather(document, half, "“whale 833”", kept(half, ""))
    assert 0 < shown.limit < len(document.text)
    assert shown.limit == whole(document, half).limit
    assert not shown.quotes[0].found
    assert gather(document, None, "", kept(half, "")).limit < len(document.text)


def test_the_strip_is_as_high_as_the_attention_that_fell(book: Book) -> None:
    windows = book.coverage.windows
    share = [0.0] * windows
    share[windows // 2] = 1.0
    html = strip_html(facts(book, attention=share))
    bars = [float(x) for x in re.findall(r'class="fell" x="([\d.]+)"', html)]
    start, end = book.window_span(windows // 2)
    length = len(book.document.text)
    assert bars
    assert all(1000 * start / length - 7 <= x <= 1000 * end / length for x in bars)
    assert html.count('class="border"') == 2
    assert 'class="fell"' not in strip_html(facts(book, attention=[]))


def test_an_empty_panel_says_what_it_will_show(evidencing: Evidencing, book: Book) -> None:
    html, timer = evidencing.show("", None, request())
    assert "Choose a book" in html
    assert not timer.active
    html, _ = evidencing.show(book.id, None, request())
    assert "Ask a question" in html
    assert "Open the first page" in html
    with pytest.raises(gr.Error):
        evidencing.show("nobook", None, request())


def test_answers_about_other_books_and_questions_are_not_shown(
    evidencing: Evidencing, reader: Reader, shelf: Shelf, book: Book
) -> None:
    other = reader.read(make_document(60, "Emma"))
    answer = answered(shelf, book, "It says “whale 14”.")
    assert "verbatim" in evidencing.show(book.id, answer, request())[0]
    for wrong in (answered(shelf, other, "“whale 14”"), answer - 1, 999, -1, "1", None, True):
        assert "Ask a question" in evidencing.show(book.id, wrong, request())[0]


def test_the_panel_looks_again_until_the_book_is_read(evidencing: Evidencing, book: Book) -> None:
    shelf = evidencing.library.reader(None).shelf
    shelf.update(book.id, state="waiting")
    assert evidencing.show(book.id, None, request())[1].active
    assert evidencing.look_again(book.id, None, request()) == (gr.skip(), gr.skip())
    shelf.update(book.id, state="ready")
    told, timer = evidencing.look_again(book.id, None, request())
    assert "Ask a question, or click an answer." in plain(told)
    assert not timer.active
