"""Questions about a whole text: which they are, and what a model too small for them gives."""

from __future__ import annotations

import pytest
from readings import SHORT

from beacon_qa.beacon import Sampling
from beacon_qa.documents import Document
from beacon_qa.excerpt import EXTRACTED
from beacon_qa.overview import asks_for_overview, overview
from beacon_qa.reader import Reader

ENOUGH = Sampling(max_new_tokens=256)


@pytest.mark.parametrize(
    "question",
    [
        "What is this book about?",
        "what's it about",
        "What is “The Whale” about?",
        'What was "The Whale" all about?',
        "What is the book “The Whale” about?",
        "Summarize this book.",
        "summarise",
        "Can you summarize it for me?",
        "Please give me a short summary of chapter 2",
        "Give me the gist.",
        "A summary, please.",
        "What is the plot?",
        "What is the main plot of the novel?",
        "What happens in “The Chase”?",
        "What happens in chapter 3?",
        "Tell me about this report.",
        "What has happened so far?",
        "Could you please sum up\nthe whole report?",
    ],
)
def test_these_ask_what_a_text_says(question: str) -> None:
    assert asks_for_overview(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the quarrel about?",
        "What happens in the harbour office at noon?",
        "What is this?",
        "Who wrote the summary?",
        "What is the summary of the trial that Brandt read?",
        "Tell me about Brandt.",
        "Who summarized the report for the minister?",
        "What is the story of the bell of Gotland?",
        "Summarize what Brandt said to the harbour master.",
        "",
    ],
)
def test_these_ask_for_something_in_it(question: str) -> None:
    assert not asks_for_overview(question)


def said(answer: str) -> list[str]:
    """The sentences of an answer, without their pages."""
    above, _, lines = answer.partition("\n\n")
    assert above == EXTRACTED
    return [line.removeprefix("- ").rsplit(" (p.", 1)[0] for line in lines.splitlines()]


def test_a_text_is_answered_for_by_sentences_from_all_of_it(
    reader: Reader, document: Document
) -> None:
    answer = overview(reader.read(document), "What is this about?", ENOUGH)
    assert answer is not None
    assert answer.question == "What is this about?"
    places = [document.text.index(sentence) for sentence in said(answer.text)]
    assert places == sorted(places)
    assert {document.chapter_at(place) for place in places} == {*document.chapters}


@pytest.mark.parametrize("named", ["“The Chase”", "chapter 2", "“The Cha…”"])
def test_a_chapter_that_is_named_is_answered_for_by_its_own(
    reader: Reader, document: Document, named: str
) -> None:
    answer = overview(reader.read(document), f"What happens in {named}?", ENOUGH)
    assert answer is not None
    chapter = document.chapters[1]
    own = document.text[chapter.start : chapter.end]
    assert said(answer.text)
    assert all(sentence in own for sentence in said(answer.text))


@pytest.mark.parametrize("question", ["Summarize it.", "What happens in “The Chase”?"])
def test_nothing_past_the_place_it_is_asked_as_of_is_told(
    reader: Reader, document: Document, question: str
) -> None:
    answer = overview(reader.read(document), question, ENOUGH, as_of="Loomings")
    assert answer is not None
    first = document.chapters[0]
    assert said(answer.text)
    assert all(sentence in document.text[first.start : first.end] for sentence in said(answer.text))


def test_other_questions_and_larger_models_are_not_answered_for(
    reader: Reader, chatting: Reader, document: Document
) -> None:
    assert overview(reader.read(document), "Who counted?", SHORT) is None
    assert overview(chatting.read(document), "What is this book about?", SHORT) is None
