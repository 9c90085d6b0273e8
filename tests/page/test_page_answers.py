"""Answers on the page as they are told: kept, stopped, failed, and what they were told from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from kept_talks import FEW, MANY, ask
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.errors import BookNotFound, ShelfError
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.conversations import Message
from ui.bubbles import bubbles
from ui.evidence_facts import gather
from ui.evidence_html import evidence_html
from ui.talk import UNEXPECTED, Talks, turns


@pytest.fixture(scope="session")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The built-in model with one book read."""
    reader = Reader.load(shelf=tmp_path_factory.mktemp("builtin"))
    reader.read(make_document())
    return reader


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
