"""The evidence panel: what an answer rests on, its quotes, and the pages that are opened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from documents.document_files import pdf
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.documents import Document, Span, open_bytes
from beacon_qa.errors import BookNotFound
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from ui.evidence_events import Evidencing
from ui.evidence_facts import AnswerFacts, gather, whole
from ui.evidence_html import evidence_html
from ui.leaves import leaf_at, leaves, place_name
from ui.library import Library
from ui.page_view import Pictures, View, page_html
from ui.strip import strip_html

HOSTILE = '</mark><script>window.pwned=1</script><img src=x onerror=alert(1)>" onclick="x'


@pytest.fixture
def book(reader: Reader) -> Book:
    """A book of twelve pages, read by the tiny model."""
    return reader.read(make_document())


@pytest.fixture
def library(reader: Reader, book: Book) -> Iterator[Library]:
    with Desk() as desk:
        yield Library(reader, desk)


@pytest.fixture
def evidencing(library: Library) -> Evidencing:
    return Evidencing(library)


def request(user: str | None = None) -> gr.Request:
    return gr.Request(username=user)


def click(**data: Any) -> Any:
    return SimpleNamespace(_data=data)


def kept(book: Book, text: str, **details: Any) -> dict[str, Any]:
    """Details as the conversation keeps them, with evidence on the third page."""
    page = book.document.pages[2]
    passage = {"start": page.start, "end": page.end, "page": "3", "chapter": "x", "score": 0.4}
    return {
        "finish": "stop",
        "coverage": asdict(book.coverage),
        "evidence": [passage],
        "attention": [1.0] * book.coverage.windows,
        "as_of": book.up_to,
        **details,
    }


def answered(shelf: Shelf, book: Book, text: str, **details: Any) -> int:
    """The id of an answer about a book."""
    talk = shelf.conversations.start(book.id, as_of=book.up_to)
    shelf.conversations.add(talk.id, "user", "Who?")
    return shelf.conversations.add(talk.id, "assistant", text, kept(book, text, **details)).id


def facts(book: Book, text: str = "It says “whale 14”.", **details: Any) -> AnswerFacts:
    return gather(book.document, book, text, kept(book, text, **details))


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


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
    windows = iter(range(9))
    half = reader.read(document, should_stop=lambda: next(windows) == 8)
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


LINES = [f"Line {n} tells of boat {n * 7} and of nothing else at all." for n in range(40)]


@pytest.fixture
def printed(reader: Reader, tmp_path: Path) -> Book:
    """A book read from a PDF of four pages, whose file is kept."""
    path = tmp_path / "boats.pdf"
    path.write_bytes(pdf([LINES[at : at + 10] for at in range(0, 40, 10)], title="Boats"))
    book = reader.read(path)
    reader.shelf.keep_original(book.document.content_hash, path)
    path.unlink()
    return book


def test_a_page_of_a_pdf_is_shown_as_a_picture_and_as_text(
    evidencing: Evidencing, printed: Book
) -> None:
    start = printed.document.text.index("Line 23 ")
    html = evidencing.open(printed.id, None, request(), click(start=start, end=start + 30))
    assert 'src="data:image/png;base64,iVBOR' in html
    assert 'alt="Picture of Page 3 (3 of 4). Marked: Line 23 tells' in html
    assert float(re.findall('data-top="([^"]+)"', html)[0]) > 0.1
    assert str(printed.engine) not in html
    text = evidencing.open(
        printed.id, None, request(), click(start=start, end=start + 7, **{"as": "text"})
    )
    assert "<mark>Line 23</mark>" in text
    assert "Show the page as picture" in text


def test_a_page_cut_by_the_chosen_place_is_shown_as_text_only(printed: Book, shelf: Shelf) -> None:
    original, document = shelf.original(printed.id), printed.document
    assert original is not None
    cut = View.at(document, document.pages[1].start + 20, 0, 5, leaf=1)
    assert Pictures().of(cut, original) is None
    up_to_page = View.at(document, document.pages[1].end, 0, 5, leaf=1)
    assert Pictures().of(up_to_page, original) is not None


def test_without_its_file_or_with_a_damaged_one_a_page_is_text(
    printed: Book, tmp_path: Path
) -> None:
    view = View.at(printed.document, len(printed.document.text), 0, 5)
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.4 no more")
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(pdf([LINES], password="herring"))
    for original in (None, damaged, locked, tmp_path / "gone.pdf"):
        assert Pictures().of(view, original) is None


def test_a_picture_is_drawn_once(printed: Book, shelf: Shelf) -> None:
    pictures, original = Pictures(), shelf.original(printed.id)
    view = View.at(printed.document, len(printed.document.text), 0, 5)
    first = pictures.of(view, original)
    assert first is not None
    assert pictures.of(view, original) is first


def test_a_kept_file_goes_with_the_last_book_of_its_text(
    printed: Book, reader: Reader, shelf: Shelf
) -> None:
    path = shelf.original(printed.id)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    second = replace(reader, ratio=4).read(printed.document)
    shelf.remove(printed.id)
    assert shelf.original(second.id) == path
    shelf.remove(second.id)
    assert not path.exists()
    with pytest.raises(BookNotFound):
        shelf.original(second.id)


def test_pages_of_an_encrypted_pdf_are_shown_as_text(reader: Reader, tmp_path: Path) -> None:
    data = pdf([LINES[:10]], password="herring")
    document = open_bytes(data, name="locked.pdf", password="herring")
    (tmp_path / "locked.pdf").write_bytes(data)
    book = reader.read(document)
    reader.shelf.keep_original(document.content_hash, tmp_path / "locked.pdf")
    with Desk() as desk:
        html = Evidencing(Library(reader, desk)).open(
            book.id, None, request(), click(start=0, end=6)
        )
    assert "<mark>Line 0</mark>" in html
