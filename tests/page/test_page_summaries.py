"""Summaries on the page: chapter after chapter, stopped in the middle, failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from kept_talks import FEW
from page_requests import request
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.excerpt import EXTRACTED
from beacon_qa.reader import Reader
from ui.digest import digests
from ui.library import Library
from ui.summary_events import Summarizing


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


def test_what_is_no_models_own_words_says_so(book: Book) -> None:
    *_, last = digests(book, "short", False)
    assert last.text.startswith(f"*{EXTRACTED}*\n\n- ")
    assert "new" not in last.basis


def test_a_summary_by_chapter_is_told_chapter_after_chapter(book: Book) -> None:
    *_, last = digests(book, "short", True)
    assert [last.told, last.chapters, last.done] == [3, 3, True]
    headings = [line for line in last.text.splitlines() if line.startswith("## ")]
    assert headings == ["## Loomings", "## The Chase", "## Epilogue"]


def test_a_summary_can_be_stopped_in_the_middle(chatting: Reader) -> None:
    book = chatting.read(make_document())
    telling = digests(book, "long", False)
    shown = next(digest for digest in telling if digest.text)
    telling.close()
    assert not shown.done
    assert book.ask("Who?", sampling=FEW).text


def test_a_summary_that_fails_says_so_and_leaves_the_panel_as_it_was(
    chatting: Reader, desk: Desk
) -> None:
    book, library = chatting.read(make_document()), Library(chatting, desk)

    def fail(*_: Any) -> None:
        raise RuntimeError("a secret detail")

    summarizing = Summarizing(library, gr.DownloadButton())
    telling = summarizing.tell(book.id, "long", "whole", {}, request())
    begun = next(text for _, _, text in telling if text)
    hook = book.engine.model.register_forward_pre_hook(fail)
    try:
        *_, (note, shown, text) = telling
    finally:
        hook.remove()
    assert note.startswith("Failed. Something unexpected went wrong")
    assert "secret" not in note
    assert text.startswith(begun)
    assert shown
    start, stop, save, told = summarizing.ended(book.id, text, note)
    assert (start["visible"], stop["visible"], save["interactive"], told) == (
        True,
        False,
        True,
        note,
    )
