"""Names typed in small letters are written as the text that is asked about writes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from readings import SHORT
from templates import BUILTIN, tokenizer

from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.messages import Message, answer_messages
from beacon_qa.documents import Document, Span
from beacon_qa.prompts import Prompts
from beacon_qa.reader import Reader
from beacon_qa.spelling import spelled

TEXT = """The Ship

Long John Silver came to Bristol with Mr. O’Brien of the BBC. They say that Long John lost his
leg to Mrs. Grey. Silver was dear, and silver it stayed. The Hispaniola sailed; all the crew of
the Hispaniola, their ship, cheered. To the ship it was far. Winter came. On the hill stood the
Town Hall, and a hall was in every town, a long hall.
"""

TYPED = {
    "who is long john silver": "who is Long John Silver",
    "where did long john go": "where did Long John go",
    "when did the hispaniola sail": "when did the Hispaniola sail",
    "what was the hispaniola's crew?": "what was the Hispaniola's crew?",
    "who is o’brien of the bbc": "who is O’Brien of the BBC",
    "where is the town hall": "where is the Town Hall",
    "Who came to bristol?": "Who came to Bristol?",
    "who is mrs. grey": "who is Mrs. Grey",
    "who is grey": "who is Grey",
}
AS_IT_IS = (
    # Mostly in small letters, or with a capital only where a sentence begins.
    "was silver dear",
    "is there a hall in every town",
    "when did winter come",
    "where was the ship",
    # Not in the text, or only within another word.
    "who is ahab",
    "where is bris",
    # Whoever types capitals has typed those that are meant.
    "What did Silver see in bristol?",
    "",
)


@pytest.mark.parametrize("typed", TYPED)
def test_names_get_the_capitals_that_the_text_gives_them(typed: str) -> None:
    assert spelled(typed, TEXT) == TYPED[typed]


@pytest.mark.parametrize("typed", AS_IT_IS)
def test_what_is_no_name_there_stays_as_it_was_typed(typed: str) -> None:
    assert spelled(typed, TEXT) == typed


def test_a_text_instead_of_a_question_stays_as_it_is() -> None:
    typed = "who is long john silver " * 12
    assert spelled(typed, TEXT) == typed.replace("long john silver", "Long John Silver")
    assert spelled(typed + typed, TEXT) == typed + typed


def test_letters_that_grow_when_made_small_do_not_move_the_others() -> None:
    text = "İİİİİİİİ, and they met Ahab there."
    assert len(text.lower()) > len(text)
    assert spelled("who met ahab", text) == "who met Ahab"


def test_a_name_is_looked_for_in_the_text_given_alone() -> None:
    assert spelled("who is ahab", "A whale.") == "who is ahab"
    assert spelled("who is ahab", "A whale and Ahab.") == "who is Ahab"
    assert spelled("where is moby dick", "Moby Dick sank.") == "where is Moby Dick"
    assert spelled("<b>what</b>", "<B>What</B>") == "<B>What</B>"


HASTY, PROPER = "who crossed the bridge at orrin", "who crossed the bridge at Orrin"


@pytest.fixture
def book(reader: Reader, document: Document) -> Book:
    """A book on whose last page a name stands that is in none of its chapters."""
    text = f"{document.text}And then they crossed the bridge at Orrin."
    page = Span(len(document.text), len(text), "13")
    return reader.read(replace(document, text=text, pages=(*document.pages, page)))


def test_a_book_is_asked_in_its_own_spelling(book: Book) -> None:
    asked, meant = book.ask(HASTY, sampling=SHORT), book.ask(PROPER, sampling=SHORT)
    assert (asked.text, asked.usage) == (meant.text, meant.usage)
    assert asked.question == HASTY
    assert book.find(HASTY) == book.find(PROPER)
    assert book.find(HASTY) != book.as_of("Epilogue").find(HASTY)


def test_what_is_not_read_yet_spells_nothing(book: Book) -> None:
    assert book.asked(HASTY) == PROPER
    assert book.as_of("Epilogue").asked(HASTY) == HASTY


def test_conversations_and_messages_are_asked_so_too(book: Book) -> None:
    said = [Turn(HASTY, "Nobody.")]
    chat = book.chat(said)
    told = chat.ask(HASTY, sampling=SHORT)
    assert told.text == book.chat([Turn(PROPER, "Nobody.")]).ask(PROPER, sampling=SHORT).text
    assert chat.turns[-1].question == HASTY
    talk = [Message("user", HASTY), Message("assistant", "Nobody."), Message("user", HASTY)]
    assert answer_messages(book.engine, talk, book=book, sampling=SHORT).text == told.text


def test_larger_models_are_asked_what_was_typed() -> None:
    assert Prompts(tokenizer(BUILTIN)).spelled(HASTY, "It is at Orrin.") == PROPER
    assert Prompts(tokenizer()).spelled(HASTY, "It is at Orrin.") == HASTY
