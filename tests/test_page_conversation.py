"""Conversations on the page: answers told, stopped and kept; what each handler does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from small_documents import make_document

from beacon_qa.accounts import Accounts
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.desk import Desk
from beacon_qa.errors import BookNotFound, ShelfError
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.conversations import Message
from ui.browser_memory import BrowserMemory
from ui.bubbles import bubbles, first_questions, message_id, places
from ui.conversation_events import Conversing
from ui.conversation_manage import Managing
from ui.digest import digests
from ui.evidence_facts import gather
from ui.evidence_html import evidence_html
from ui.library import Library
from ui.settings import look_back, sampling
from ui.settings_events import Setting
from ui.summary_events import Summarizing
from ui.talk import UNEXPECTED, Talks, turns

FEW = Sampling(max_new_tokens=12)
MANY = Sampling(max_new_tokens=1500)


@pytest.fixture(scope="session")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The built-in model with one book read."""
    reader = Reader.load(shelf=tmp_path_factory.mktemp("builtin"))
    reader.read(make_document())
    return reader


@pytest.fixture
def book(reader: Reader) -> Book:
    """A book read by the tiny model, whose answers end only at their limit."""
    return reader.read(make_document())


@pytest.fixture
def library(reader: Reader, book: Book) -> Iterator[Library]:
    """A library with that book."""
    with Desk() as desk:
        yield Library(reader, desk)


@pytest.fixture
def conversing(library: Library) -> Conversing:
    """The handlers of the conversation panel."""
    return Conversing(library, Talks())


def request(user: str | None = None) -> gr.Request:
    return gr.Request(username=user)


def ask(book: Book, shelf: Shelf, question: str = "Who?", as_of: str = "") -> int:
    """A new conversation with an open question."""
    talk = shelf.conversations.start(book.id, question, as_of)
    shelf.conversations.add(talk.id, "user", question)
    return talk.id


def tell(
    talks: Talks, shelf: Shelf, talk: int, book: Book, settings: Sampling = FEW
) -> list[Message]:
    return list(talks.tell(shelf, talk, lambda: book, settings))


def first_told(telling: Iterator[Message]) -> Message:
    return next(message for message in telling if message.text)


def test_an_answer_is_kept_with_what_it_was_told_from(builtin: Reader) -> None:
    book = builtin.find("The Whale")
    talk = ask(book, builtin.shelf, "What does sentence 3 tell of?")
    last = tell(Talks(), builtin.shelf, talk, book)[-1]
    kept = builtin.shelf.conversations.messages(talk)[-1]
    assert kept == last
    assert kept.text
    assert kept.details["finish"] in ("stop", "length")
    assert kept.details["usage"]["cached_tokens"] == book.memory.tokens
    assert kept.details["coverage"]["pages"] == 12
    assert isinstance(kept.details["evidence"], list)
    assert kept.details["seconds"] >= 0


def test_the_same_question_gets_the_answer_that_the_book_gives(builtin: Reader) -> None:
    book = builtin.find("The Whale")
    talk = ask(book, builtin.shelf, "What does sentence 5 tell of?")
    told = tell(Talks(), builtin.shelf, talk, book)[-1]
    assert told.text == book.ask("What does sentence 5 tell of?", sampling=FEW).text


def test_a_closed_telling_stops_the_model_and_keeps_what_was_told(
    reader: Reader, book: Book
) -> None:
    talk = ask(book, reader.shelf)
    telling = Talks().tell(reader.shelf, talk, lambda: book, MANY)
    shown = first_told(telling)
    telling.close()
    kept = reader.shelf.conversations.messages(talk)[-1]
    assert kept.text.startswith(shown.text)
    assert kept.details["finish"] == "cancelled"
    assert kept.details["usage"]["output_tokens"] < MANY.max_new_tokens


def test_a_telling_closed_before_its_first_word_is_marked_as_stopped(
    reader: Reader, book: Book
) -> None:
    talk = ask(book, reader.shelf)
    telling = Talks().tell(reader.shelf, talk, lambda: book, MANY)
    next(telling)
    telling.close()
    assert reader.shelf.conversations.messages(talk)[-1].details["finish"] == "cancelled"


def test_what_was_told_is_on_disk_while_the_answer_goes_on(reader: Reader, book: Book) -> None:
    talk = ask(book, reader.shelf)
    telling = Talks(save_every=0.0).tell(reader.shelf, talk, lambda: book, MANY)
    shown = first_told(telling)
    another = Shelf(reader.shelf.root).conversations.messages(talk)[-1]
    assert another.text.startswith(shown.text)
    assert another.details["finish"] == ""
    telling.close()


@pytest.mark.parametrize("open_chats", [2, 0])
def test_a_follow_up_question_knows_what_was_said(
    reader: Reader, book: Book, open_chats: int
) -> None:
    # What is checked before looking back depends on the question, and counts as input.
    book.engine = replace(book.engine, look_back="off")
    talks, kept = Talks(open_chats), reader.shelf.conversations
    talk = ask(book, reader.shelf)
    first = tell(talks, reader.shelf, talk, book)[-1].details["usage"]
    kept.add(talk, "user", "And then?")
    second = tell(talks, reader.shelf, talk, book)[-1].details["usage"]
    assert first["input_tokens"] < second["input_tokens"]


def test_an_open_chat_and_a_new_one_give_the_same_answer(builtin: Reader) -> None:
    book, answers = builtin.find("The Whale"), []
    for open_chats in (2, 0):
        talks = Talks(open_chats)
        talk = ask(book, builtin.shelf, "What does sentence 7 tell of?")
        tell(talks, builtin.shelf, talk, book)
        builtin.shelf.conversations.add(talk, "user", "What does sentence 9 tell of?")
        answers.append(tell(talks, builtin.shelf, talk, book)[-1].text)
    assert answers[0] == answers[1]


def test_a_question_without_an_answer_is_not_history() -> None:
    roles = [("user", "A?"), ("user", "B?"), ("assistant", "b"), ("user", "C?"), ("assistant", "")]
    said = [Message(n, 1, role, text, "") for n, (role, text) in enumerate(roles)]  # type: ignore[arg-type]
    assert [(turn.question, turn.answer) for turn in turns(said)] == [("B?", "b")]


def test_an_answer_as_of_a_chapter_knows_nothing_beyond(reader: Reader, book: Book) -> None:
    talk = ask(book, reader.shelf, as_of="Loomings")
    details = tell(Talks(), reader.shelf, talk, book)[-1].details
    assert details["as_of"] == "Loomings"
    assert details["coverage"]["pages"] == 4
    assert details["coverage"]["tokens"] == book.as_of("Loomings").memory.tokens


def test_a_refused_question_keeps_the_sentence_as_its_answer(reader: Reader, book: Book) -> None:
    def gone() -> Book:
        raise BookNotFound("No book x is on the shelf.")

    talk = ask(book, reader.shelf)
    last = list(Talks().tell(reader.shelf, talk, gone, FEW))[-1]
    assert last.details["finish"] == "failed"
    assert last.details["error"] == "No book x is on the shelf."
    shown = bubbles(reader.shelf.conversations.messages(talk))
    assert "No book x is on the shelf" in shown[-1]["content"].replace("\\", "")


def test_an_unexpected_error_is_logged_and_told_without_details(
    reader: Reader, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Book:
        raise RuntimeError("secret path /etc")

    talk = ask(book, reader.shelf)
    last = list(Talks().tell(reader.shelf, talk, broken, FEW))[-1]
    assert last.details["error"] == UNEXPECTED
    assert "secret path" in caplog.text


def test_a_conversation_deleted_meanwhile_ends_the_answer(reader: Reader, book: Book) -> None:
    talk = ask(book, reader.shelf)
    telling = Talks(save_every=0.0).tell(reader.shelf, talk, lambda: book, MANY)
    first_told(telling)
    reader.shelf.conversations.remove(talk)
    with pytest.raises(ShelfError, match="No message"):
        list(telling)


def test_waiting_ends_when_the_answer_has_ended(reader: Reader, book: Book) -> None:
    talks, talk = Talks(), ask(book, reader.shelf)
    telling = talks.tell(reader.shelf, talk, lambda: book, MANY)
    first_told(telling)
    assert not talks.wait(reader.shelf, talk, 0.01)
    telling.close()
    assert talks.wait(reader.shelf, talk, 0.01)


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


def test_each_chapter_can_be_chosen_also_where_titles_are_the_same(book: Book) -> None:
    for _, name in places(book.document):
        assert book.as_of(name).up_to == name
    assert next(shown for shown, _ in places(book.document)) == "Loomings, to p. 4"


def test_a_question_begins_a_conversation_and_its_answer_follows(
    conversing: Conversing, book: Book
) -> None:
    _, talk, _, shown, title = conversing.ask("  Who counted? ", book.id, None, "", request())
    assert title == "Who counted?"
    assert shown[0]["content"] == "Who counted?"
    settings = {"max_new_tokens": 8, "temperature": 0.0}
    told, answer = list(conversing.tell(book.id, talk, settings, request()))[-1]
    assert [bubble["role"] for bubble in told] == ["user", "assistant", "assistant"]
    assert message_id(told[1]) == answer
    assert "12 of 12 pages" in told[-1]["metadata"]["title"]


@pytest.mark.parametrize(("question", "said"), [("  ", "Type a question"), ("x" * 9000, "9,000")])
def test_a_question_that_cannot_be_asked_changes_nothing(
    conversing: Conversing, book: Book, question: str, said: str
) -> None:
    with pytest.raises(gr.Error, match=said):
        conversing.ask(question, book.id, None, "", request())
    assert conversing.library.reader(None).shelf.conversations.of_book(book.id) == []


def test_an_edited_question_cuts_the_conversation_there(conversing: Conversing, book: Book) -> None:
    kept = conversing.library.reader(None).shelf.conversations
    talk = ask(book, conversing.library.reader(None).shelf, "One?")
    for role, text in (("assistant", "1"), ("user", "Two?"), ("assistant", "2")):
        kept.add(talk, role, text)  # type: ignore[arg-type]
    shown = bubbles(kept.messages(talk))
    conversing.edit(book.id, talk, shown, request(), event(index=2, value="Three?"))
    assert [message.text for message in kept.messages(talk)] == ["One?", "1", "Three?"]
    conversing.again(book.id, talk, shown, request(), event(index=0, value=""))
    assert [message.text for message in kept.messages(talk)] == ["One?"]


def event(**data: Any) -> Any:
    """What gradio hands to a handler of a click."""
    return SimpleNamespace(**data)


def test_a_conversation_of_another_book_is_not_used(conversing: Conversing, book: Book) -> None:
    other = conversing.library.reader(None).read(make_document(30, "Another"))
    talk = ask(book, conversing.library.reader(None).shelf)
    assert conversing.talk(request(), other.id, talk) is None
    with pytest.raises(gr.Error, match="not on the shelf"):
        list(conversing.tell(other.id, talk, {}, request()))
    assert conversing.ask("Who?", other.id, talk, "", request())[1] != talk


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
        conversing = Conversing(Library(reader, desk, accounts), Talks())
        book = conversing.library.reader_of("ann").read(make_document())
        talk = ask(book, conversing.library.reader_of("ann").shelf)
        assert conversing.talk(request("ann"), book.id, talk) is not None
        assert conversing.talk(request("bob"), book.id, talk) is None
        with pytest.raises(gr.Error, match="No book"):
            conversing.show(book.id, talk, request("bob"))


def test_what_was_read_again_is_kept_with_the_answer(reader: Reader) -> None:
    book = replace(reader, ratio=4).read(make_document())
    for way in ("on", "off"):
        talk = ask(book, reader.shelf)
        told = list(Talks().tell(reader.shelf, talk, lambda: book, FEW, way))[-1]  # type: ignore[arg-type]
        kept = reader.shelf.conversations.messages(talk)[-1].details
        assert kept == told.details
        assert bool(kept["read_again"]) == (way == "on")
        assert kept["evidence"]
        assert len(kept["attention"]) == book.coverage.total_windows
        shown = evidence_html(gather(book.document, book, told.text, kept))
        assert shown.count("read again word for word") >= len(kept["read_again"])


def test_the_look_back_that_is_set_is_the_one_that_is_asked_with(
    conversing: Conversing, book: Book
) -> None:
    for way in ("on", "off"):
        _, talk, *_ = conversing.ask("Who?", book.id, None, "", request())
        settings = {"max_new_tokens": 4, "temperature": 0.0, "look_back": way}
        _, answer = list(conversing.tell(book.id, talk, settings, request()))[-1]
        kept = conversing.library.reader(request()).shelf.conversations.message(answer)
        assert bool(kept.details["read_again"]) == (way == "on")


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


def test_a_summary_by_chapter_is_told_chapter_after_chapter(book: Book) -> None:
    *_, last = digests(book, "short", True)
    assert [last.told, last.chapters, last.done] == [3, 3, True]
    headings = [line for line in last.text.splitlines() if line.startswith("## ")]
    assert headings == ["## Loomings", "## The Chase", "## Epilogue"]


def test_a_summary_can_be_stopped_in_the_middle(book: Book) -> None:
    telling = digests(book, "long", False)
    shown = next(digest for digest in telling if digest.text)
    telling.close()
    assert not shown.done
    assert book.ask("Who?", sampling=FEW).text


def test_a_summary_that_fails_says_so_and_leaves_the_panel_as_it_was(
    library: Library, book: Book
) -> None:
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
