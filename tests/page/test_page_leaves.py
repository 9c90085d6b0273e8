"""The pages of a book that are opened beside an answer: their text, their marks, where they end."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from kept_answers import answered
from page_requests import click, request
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.documents import Document, Span
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from ui.evidence_events import Evidencing
from ui.evidence_facts import gather
from ui.evidence_html import evidence_html
from ui.leaves import leaf_at, leaves, place_name
from ui.library import Library
from ui.page_view import View, page_html
from ui.strip import strip_html

HOSTILE = '</mark><script>window.pwned=1</script><img src=x onerror=alert(1)>" onclick="x'


def unpaged(text: str, *chapters: int) -> Document:
    spans = tuple(Span(at, len(text), f"Chapter {n}") for n, at in enumerate(chapters))
    return replace(make_document(10), text=text, pages=(), chapters=spans)


def test_leaves_are_the_pages_or_pieces_that_cover_the_text_and_cross_no_chapter() -> None:
    document = make_document()
    assert leaves(document) == document.pages
    prose = unpaged("A sentence of some length.\n" * 700 + "x" * 9000, 0, 4321)
    pieces = leaves(prose)
    assert "".join(prose.text[leaf.start : leaf.end] for leaf in pieces) == prose.text
    assert 4321 in {leaf.start for leaf in pieces}
    assert max(leaf.end - leaf.start for leaf in pieces) < 4000
    assert sum(prose.text[leaf.end - 1] == "\n" for leaf in pieces) > 5
    for number, leaf in enumerate(pieces):
        assert leaf_at(pieces, leaf.start) == leaf_at(pieces, leaf.end - 1) == number
    assert leaves(unpaged("")) == (Span(0, 0, ""),)


def test_a_place_is_named_by_its_page_and_chapter() -> None:
    document = make_document()
    assert place_name(document, 0) == "p. 1, Loomings"
    assert place_name(unpaged("ab" * 50), 50) == "50% in"


def opened(view: View) -> str:
    return page_html(view, None)


def test_the_text_of_a_page_is_shown_with_the_passage_marked() -> None:
    document = make_document()
    start = document.text.index("Sentence 25 ")
    html = opened(View.at(document, len(document.text), start, start + 11))
    assert "<mark>Sentence 25</mark>" in html
    assert "Page 3 (3 of 12)" in html
    assert "The Whale: Loomings" in html
    assert "Sentence 20 " in html
    assert "Sentence 30 " not in html


def test_a_passage_over_two_pages_is_marked_on_both() -> None:
    document = make_document()
    border = document.pages[3].start
    for leaf, words in ((2, "whale 203.\n"), (3, "Sentence 30")):
        view = View.at(document, len(document.text), border - 11, border + 11, leaf)
        assert f"<mark>{words}</mark>" in opened(view)
    assert "<mark>" not in opened(View.at(document, 9999, border - 11, border + 11, 7))


def test_pages_past_the_chosen_place_are_not_opened() -> None:
    document = make_document()
    limit = document.pages[3].start + 30
    for view in (
        View.at(document, limit, limit + 500, limit + 600),
        View.at(document, limit, 0, 0, leaf=11),
        View.at(document, limit, 0, len(document.text), leaf=3),
    ):
        html = opened(view)
        assert "Page 4 (4 of 12)" in html
        assert document.text[limit : limit + 40] not in unescape(html)
        assert document.text[limit - 20 : limit] in unescape(re.sub("</?mark>", "", html))
        assert "past the place" in html
        assert re.search(r'aria-label="Next page"[^>]* disabled', html)
    assert "There is no text here" in opened(View.at(document, 0, 0, 0))


def test_markup_of_a_book_a_title_or_an_answer_stays_text(reader: Reader) -> None:
    text = f"A line. {HOSTILE} Another line.\n" * 20
    base = unpaged(text)
    document = replace(
        base, title=HOSTILE, chapters=(Span(0, len(text), HOSTILE),), content_hash="b" * 64
    )
    book = reader.read(document)
    shown = gather(document, book, f"“{HOSTILE}” and “A line. {HOSTILE}”.", kept_hostile(book))
    page = opened(View.at(document, len(text), 9, 60))
    for html in (evidence_html(shown), page, strip_html(shown)):
        assert not re.search(r"<(?:script|img)", html)
        assert not re.search(r'<[^>]*" onclick="x', html)
    assert HOSTILE in unescape(page.replace("<mark>", "").replace("</mark>", ""))


def kept_hostile(book: Book) -> dict[str, Any]:
    passage = {"start": 0, "end": 90, "page": HOSTILE, "chapter": HOSTILE, "score": 0.5}
    coverage = {**asdict(book.coverage)}
    return {"finish": "stop", "as_of": HOSTILE, "coverage": coverage, "evidence": [passage]}


def test_a_click_opens_the_page_it_points_to(
    evidencing: Evidencing, shelf: Shelf, book: Book
) -> None:
    answer = answered(shelf, book, "It says “whale 14”.")
    start = book.document.text.index("whale 14")
    html = evidencing.open(book.id, answer, request(), click(start=start, end=start + 8))
    assert "<mark>whale 14</mark>" in html
    html = evidencing.open(book.id, None, request(), click(start=start, end=start, leaf=4))
    assert "Page 5 " in html


@pytest.mark.parametrize(
    "data",
    [{}, {"start": "<b>", "end": []}, {"start": -5, "end": 10**30}, {"leaf": "x"}, {"leaf": 1e9},
     {"start": 1.5, "end": None, "as": HOSTILE}, {"leaf": -3}],
)  # fmt: skip
def test_clicks_that_no_button_makes_open_some_page(
    evidencing: Evidencing, book: Book, data: dict[str, Any]
) -> None:
    html = evidencing.open(book.id, None, request(), click(**data))
    assert "Page 1 " in html
    assert "<b>" not in html


def test_a_click_does_not_lead_past_the_answers_place(
    evidencing: Evidencing, shelf: Shelf, book: Book
) -> None:
    answer = answered(shelf, book.as_of("chapter 1"), "It says “whale 14”.")
    html = evidencing.open(book.id, answer, request(), click(start=0, end=0, leaf=11))
    assert "Page 4 " in html


def test_the_books_of_others_are_not_opened(reader: Reader, book: Book, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "users")
    accounts.add("anna", "a long pass phrase")
    with Desk() as desk:
        evidencing = Evidencing(Library(reader, desk, accounts))
        with pytest.raises(gr.Error):
            evidencing.open(book.id, None, request("anna"), click(start=0, end=0))
        with pytest.raises(gr.Error):
            evidencing.show(book.id, None, request())
