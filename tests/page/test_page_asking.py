"""What happens on the page when something is asked, asked again, edited and told."""

from __future__ import annotations

import gradio as gr
import pytest
from kept_talks import ask
from page_requests import event, request
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.excerpt import EXTRACTED
from ui.asking_events import Asking
from ui.bubbles import bubbles, message_id
from ui.conversation_events import Conversing
from ui.library import Library
from ui.talk import Talks


@pytest.fixture
def asking(library: Library) -> Asking:
    """The handlers of what asks and tells."""
    return Asking(Conversing(library), Talks())


def test_a_question_begins_a_conversation_and_its_answer_follows(
    asking: Asking, book: Book
) -> None:
    _, talk, _, shown, title = asking.ask("  Who counted? ", book.id, None, "", request())
    assert title == "Who counted?"
    assert shown[0]["content"] == "Who counted?"
    settings = {"max_new_tokens": 8, "temperature": 0.0}
    told, answer = list(asking.tell(book.id, talk, settings, request()))[-1]
    assert [bubble["role"] for bubble in told] == ["user", "assistant", "assistant"]
    assert message_id(told[1]) == answer
    assert "12 of 12 pages" in told[-1]["metadata"]["title"]


def test_what_a_small_model_is_not_asked_is_answered_by_the_text(
    asking: Asking, book: Book
) -> None:
    _, talk, *_ = asking.ask("What is this book about?", book.id, None, "", request())
    told, _ = list(asking.tell(book.id, talk, {}, request()))[-1]
    assert told[1]["content"].startswith(EXTRACTED)
    assert "the model was not asked" in told[-1]["content"]
    asking.ask("Who counted?", book.id, talk, "", request())
    told, _ = list(asking.tell(book.id, talk, {"max_new_tokens": 8}, request()))[-1]
    assert "from the condensed memory" in told[-1]["content"]


@pytest.mark.parametrize(("question", "said"), [("  ", "Type a question"), ("x" * 9000, "9,000")])
def test_a_question_that_cannot_be_asked_changes_nothing(
    asking: Asking, book: Book, question: str, said: str
) -> None:
    with pytest.raises(gr.Error, match=said):
        asking.ask(question, book.id, None, "", request())
    assert asking.library.reader(None).shelf.conversations.of_book(book.id) == []


def test_a_second_question_waits_for_the_answer_that_is_told(asking: Asking, book: Book) -> None:
    _, talk, *_ = asking.ask("Who counted?", book.id, None, "", request())
    telling = asking.tell(book.id, talk, {"max_new_tokens": 8}, request())
    next(telling)
    with pytest.raises(gr.Error, match="An answer is being told"):
        asking.ask("And then?", book.id, talk, "", request())
    telling.close()
    asking.ask("And then?", book.id, talk, "", request())
    kept = asking.library.reader(None).shelf.conversations.messages(talk)
    assert [message.role for message in kept] == ["user", "assistant", "user"]


def test_an_edited_question_cuts_the_conversation_there(asking: Asking, book: Book) -> None:
    kept = asking.library.reader(None).shelf.conversations
    talk = ask(book, asking.library.reader(None).shelf, "One?")
    for role, text in (("assistant", "1"), ("user", "Two?"), ("assistant", "2")):
        kept.add(talk, role, text)  # type: ignore[arg-type]
    shown = bubbles(kept.messages(talk))
    asking.edit(book.id, talk, shown, request(), event(index=2, value="Three?"))
    assert [message.text for message in kept.messages(talk)] == ["One?", "1", "Three?"]
    asking.again(book.id, talk, shown, request(), event(index=0, value=""))
    assert [message.text for message in kept.messages(talk)] == ["One?"]


def test_a_conversation_of_another_book_is_not_used(asking: Asking, book: Book) -> None:
    other = asking.library.reader(None).read(make_document(30, "Another"))
    talk = ask(book, asking.library.reader(None).shelf)
    assert asking.conversing.talk(request(), other.id, talk) is None
    with pytest.raises(gr.Error, match="not on the shelf"):
        list(asking.tell(other.id, talk, {}, request()))
    assert asking.ask("Who?", other.id, talk, "", request())[1] != talk


def test_the_look_back_that_is_set_is_the_one_that_is_asked_with(
    asking: Asking, book: Book
) -> None:
    for way in ("on", "off"):
        _, talk, *_ = asking.ask("Who?", book.id, None, "", request())
        settings = {"max_new_tokens": 4, "temperature": 0.0, "look_back": way}
        _, answer = list(asking.tell(book.id, talk, settings, request()))[-1]
        kept = asking.library.reader(request()).shelf.conversations.message(answer)
        assert bool(kept.details["read_again"]) == (way == "on")


@pytest.mark.parametrize(("edited", "said"), [("  ", "Type a question"), ("x" * 9000, "9,000")])
def test_an_edit_that_is_refused_shows_the_conversation_as_it_was(
    asking: Asking, book: Book, edited: str, said: str
) -> None:
    kept = asking.library.reader(None).shelf.conversations
    talk = ask(book, asking.library.reader(None).shelf, "One?")
    kept.add(talk, "assistant", "1", {"finish": "stop"})
    before = bubbles(kept.messages(talk))
    shown = [{**before[0], "content": edited}, *before[1:]]
    with pytest.warns(UserWarning, match=said):
        updates = asking.edit(book.id, talk, shown, request(), event(index=0, value=edited))
    assert before in updates
    assert bubbles(kept.messages(talk)) == before
    # What follows an edit that is taken finds nothing to answer.
    assert list(asking.tell(book.id, talk, {}, request())) == []


def test_nothing_is_cut_away_under_an_answer_that_is_told(asking: Asking, book: Book) -> None:
    _, talk, _, shown, _ = asking.ask("Who counted?", book.id, None, "", request())
    telling = asking.tell(book.id, talk, {"max_new_tokens": 8}, request())
    next(telling)
    with pytest.raises(gr.Error, match="An answer is being told"):
        asking.again(book.id, talk, shown, request(), event(index=0, value=""))
    with pytest.warns(UserWarning, match="An answer is being told"):
        asking.edit(book.id, talk, shown, request(), event(index=0, value="Who?"))
    told, _ = list(telling)[-1]
    assert told[0]["content"] == "Who counted?"
    assert "12 of 12 pages" in told[-1]["metadata"]["title"]
