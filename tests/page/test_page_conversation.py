"""Conversations on the page: what is shown of them, and what each handler does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from kept_talks import ask
from page_requests import request
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.overview import asks_for_overview
from beacon_qa.reader import Reader
from beacon_qa.shelf.conversations import Message
from ui.browser_memory import BrowserMemory
from ui.bubbles import bubbles, first_questions, message_id, places
from ui.conversation_events import Conversing
from ui.conversation_manage import Managing
from ui.library import Library
from ui.settings import look_back, sampling
from ui.settings_events import Setting


@pytest.fixture
def conversing(library: Library) -> Conversing:
    """The handlers of the conversation panel."""
    return Conversing(library)


def test_told_and_stored_answers_are_made_harmless_alike() -> None:
    evil = "![x](https://evil.example/x.png)<img src=x onerror=alert(1)>"
    message = Message(5, 1, "assistant", evil, "", {"finish": "stop"})
    for shown in (bubbles([message]), bubbles([message], live=5)):
        assert message_id(shown[0]) == 5
        assert "![" not in shown[0]["content"]
        assert "<img" not in shown[0]["content"]


def test_a_question_that_got_no_answer_says_so_and_can_be_asked_again() -> None:
    question = Message(4, 1, "user", "Who?", "")
    assert len(bubbles([question], waiting=True)) == 1
    asked, note = bubbles([question])
    assert (note["role"], note["metadata"]["title"]) == ("assistant", "Not answered")
    assert message_id(asked) == message_id(note) == 4


def test_first_questions_name_the_title_and_only_chapters_that_may_be_known() -> None:
    document = make_document()
    assert any("The Whale" in question for question in first_questions(document))
    assert any("Epilogue" in question for question in first_questions(document))
    assert not any("Epilogue" in question for question in first_questions(document, "The Chase"))


def test_a_small_model_is_offered_only_what_sentences_of_the_text_answer() -> None:
    document = make_document()
    small = first_questions(document, small=True)
    assert small
    assert all(map(asks_for_overview, small))
    assert not all(map(asks_for_overview, first_questions(document)))


def test_each_chapter_can_be_chosen_also_where_titles_are_the_same(book: Book) -> None:
    for _, name in places(book.document):
        assert book.as_of(name).up_to == name
    assert next(shown for shown, _ in places(book.document)) == "Loomings, to p. 4"


def test_the_chat_says_when_a_book_is_read(conversing: Conversing, book: Book) -> None:
    shelf = conversing.library.reader(None).shelf
    shelf.update(book.id, state="waiting")
    assert conversing.tick(book.id, request())[2] == gr.skip()
    shelf.update(book.id, state="ready")
    assert "from the whole text" in conversing.tick(book.id, request())[2]["placeholder"]


def test_another_place_starts_another_conversation_once_something_was_said(
    conversing: Conversing, book: Book
) -> None:
    kept = conversing.library.reader(None).shelf.conversations
    empty = kept.start(book.id)
    assert conversing.hold(book.id, empty.id, "Loomings", request())[0] == empty.id
    assert kept.get(empty.id).as_of == "Loomings"
    kept.add(empty.id, "user", "Who?")
    assert conversing.hold(book.id, empty.id, "The Chase", request())[0] is None
    assert kept.get(empty.id).as_of == "Loomings"


def test_a_browser_finds_its_last_book_and_conversation_again(
    conversing: Conversing, book: Book
) -> None:
    memory = BrowserMemory(conversing)
    talk = ask(book, conversing.library.reader(None).shelf)
    kept = memory.write({}, book.id, talk, request())
    assert memory.book(kept, request()) == book.id
    assert memory.arrive(book.id, kept, request())[0] == talk


@pytest.mark.parametrize("kept", [None, "x", {"book": "nosuch"}, {"book": 3, "talks": [1]}])
def test_a_browser_that_sends_anything_else_is_shown_nothing(
    conversing: Conversing, book: Book, kept: Any
) -> None:
    memory = BrowserMemory(conversing)
    assert memory.book(kept, request()) == ""
    assert memory.arrive(book.id, kept, request())[0] is None


def test_a_conversation_is_renamed_exported_and_deleted(conversing: Conversing, book: Book) -> None:
    managing = Managing(conversing, gr.DownloadButton(render=False))
    talk = ask(book, conversing.library.reader(None).shelf)
    assert managing.rename(book.id, talk, "  Barrels ", request())[1] == "Barrels"
    path = Path(managing.markdown(book.id, talk, request()))
    assert path.name == "The-Whale.md"
    assert "**Barrels**" in path.read_text()
    assert Path(managing.json(book.id, talk, request())).suffix == ".json"
    managing.remove(book.id, talk, request())
    assert conversing.talk(request(), book.id, talk) is None


def test_a_user_has_no_conversation_of_another_user(reader: Reader, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "users")
    for name in ("ann", "bob"):
        accounts.add(name, "correct horse battery")
    with Desk() as desk:
        conversing = Conversing(Library(reader, desk, accounts))
        book = conversing.library.reader_of("ann").read(make_document())
        talk = ask(book, conversing.library.reader_of("ann").shelf)
        assert conversing.talk(request("ann"), book.id, talk) is not None
        assert conversing.talk(request("bob"), book.id, talk) is None
        with pytest.raises(gr.Error, match="No book"):
            conversing.show(book.id, talk, request("bob"))


def test_a_browser_keeps_how_answers_look_back(library: Library) -> None:
    setting = Setting(library)
    chosen, kept = setting.keep(64, 0.5, 4, "off")
    assert chosen == kept
    assert look_back(chosen) == "off"
    assert setting.restore(kept) == (chosen, 64, 0.5, 4, "off")
    for nonsense in ("maybe", None, 7, ["on"], {}):
        assert look_back({"look_back": nonsense}) == "auto"
        assert setting.restore({**kept, "look_back": nonsense})[-1] == "auto"
    # A browser from before there was such a setting.
    assert setting.restore({"max_new_tokens": 64})[1:] == (64, 0.0, "auto", "auto")


def test_settings_that_make_no_sense_are_the_ones_to_begin_with() -> None:
    assert sampling({"max_new_tokens": "x", "temperature": None}) == sampling({})
    assert sampling({"max_new_tokens": 10**9}).max_new_tokens == 4096
    assert sampling({"max_new_tokens": 7, "temperature": 0.5}) == Sampling(7, 0.5)
