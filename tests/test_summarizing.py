"""Summaries of a text's own sentences, where the model is too small to write one."""

from __future__ import annotations

import dataclasses

import pytest
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.documents import Document, Span
from beacon_qa.excerpt import EXTRACTED
from beacon_qa.key_sentences import key_sentences
from beacon_qa.reader import Reader

FILLER = "It was as it had been the day before, and nobody thought that it would be otherwise."
TELLING = (
    "Captain Brandt sold the schooner Halcyon to the harbour master of Rostock.",
    "The harbour master of Rostock lost the schooner Halcyon in a storm off Gotland.",
    "Years later divers from Gotland raised the schooner and brought Brandt her bell.",
)


def told(text: str, count: int, start: int = 0, end: int | None = None) -> list[str]:
    """The sentences that are chosen."""
    spans = key_sentences(text, start, len(text) if end is None else end, count)
    return [text[first:last] for first, last in spans]


def story() -> str:
    """Three sentences that tell something, each among forty that tell nothing."""
    parts = [" ".join([FILLER] * 20 + [sentence] + [FILLER] * 20) for sentence in TELLING]
    return "Chapter 1\n\n" + "\n\n".join(parts)


def test_the_sentences_that_tell_something_are_chosen_in_order() -> None:
    assert told(story(), 3) == list(TELLING)
    assert told(story(), 1) == [max(told(story(), 1))]
    # Not because of where they stand: what is said everywhere tells nothing.
    assert told(FILLER * 5 + " " + TELLING[0], 1) == [TELLING[0]]


def test_no_more_are_chosen_than_there_are_and_none_twice() -> None:
    text = " ".join(TELLING)
    assert told(text, 50) == list(TELLING)
    assert told("", 3) == []
    assert told("No sentence at all", 3) == ["No sentence at all"]


def test_only_the_part_that_is_asked_for_is_looked_at() -> None:
    text = story()
    middle = text.index("\n\n", 20)
    assert told(text, 2, middle, len(text)) == list(TELLING[1:])
    assert told(text, 5, 0, middle)[:1] != []
    assert all(sentence in text[:middle] for sentence in told(text, 5, 0, middle))


def test_titles_and_abbreviations_end_no_sentence() -> None:
    text = "Mr. Brandt and Dr. Voss met J. Palmer at the old harbour of Rostock. " + FILLER
    assert told(text, 1) == ["Mr. Brandt and Dr. Voss met J. Palmer at the old harbour of Rostock."]


def test_headings_that_stand_right_above_are_left_out() -> None:
    for above in ("CHAPTER I\n", "CHAPTER I\nThe Sale\n", f"{FILLER}\n\nTHE SALE\n"):
        assert told(above + TELLING[0], 1) == [TELLING[0]]
    # Lines that were only wrapped stay: a page's are about as long as one another.
    wrapped = TELLING[0].replace("the harbour", "the\nharbour").replace("schooner ", "schooner\n")
    assert told(wrapped, 1) == [wrapped]


@pytest.mark.parametrize("spoken", [f"“{TELLING[0]}”", f"But {TELLING[0]}"])
def test_speech_and_what_leans_on_another_sentence_give_way(spoken: str) -> None:
    text = f"{spoken} {TELLING[0]} {FILLER}"
    assert told(text, 1) == [TELLING[0]]


def test_a_model_that_is_too_small_gives_sentences_of_the_text_and_says_so(
    reader: Reader, document: Document
) -> None:
    book = reader.read(document)
    summary = book.summarize("short")
    assert summary.text.startswith(f"*{EXTRACTED}*\n\n- ")
    ((_, answer),) = summary.parts()
    lines = answer.text.splitlines()
    assert len(lines) == 5
    for line in lines:
        sentence, page = line.removeprefix("- ").rsplit(" (p. ", 1)
        place = document.text.index(sentence)
        assert document.page_at(place).label == page.removesuffix(")")  # type: ignore[union-attr]
    assert [document.text[passage.start : passage.end] for passage in answer.evidence] == [
        line.removeprefix("- ").rsplit(" (p. ", 1)[0] for line in lines
    ]
    assert all(passage.score == 0 for passage in answer.evidence)
    assert answer.finish == "stop"
    assert answer.usage.input_tokens == 0
    assert len(book.summarize("long").text) > 2 * len(summary.text)


def test_each_chapter_has_sentences_of_its_own(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    parts = list(book.summarize("short", by_chapter=True).parts())
    assert [name for name, _ in parts] == ["Loomings", "The Chase", "Epilogue"]
    for (_, answer), chapter in zip(parts, document.chapters, strict=True):
        own = document.text[chapter.start : chapter.end]
        assert all(
            line.removeprefix("- ").rsplit(" (p.", 1)[0] in own for line in answer.text.splitlines()
        )


def test_nothing_is_told_of_what_is_not_read(reader: Reader, document: Document) -> None:
    known = reader.read(document).as_of("Loomings")
    ((_, answer),) = known.summarize("long").parts()
    first = document.chapters[0]
    said = [line.removeprefix("- ").rsplit(" (p.", 1)[0] for line in answer.text.splitlines()]
    assert said
    assert all(sentence in document.text[first.start : first.end] for sentence in said)


def test_a_limit_of_tokens_leaves_fewer_sentences_of_the_whole_text(reader: Reader) -> None:
    book = reader.read(make_document())
    whole = book.summarize("long").text
    ((_, few),) = book.summarize("long", sampling=Sampling(max_new_tokens=120)).parts()
    assert len(few.text) < len(whole) / 2
    assert 0 < few.usage.output_tokens <= 120
    pages = [int(line.rsplit("(p. ", 1)[1][:-1]) for line in few.text.splitlines() if "(p." in line]
    assert pages[-1] > 8


def test_a_text_without_pages_has_no_places(reader: Reader, document: Document) -> None:
    bare = dataclasses.replace(document, pages=())
    ((_, answer),) = reader.read(bare).summarize("short").parts()
    assert "(p." not in answer.text


def test_a_label_that_is_empty_is_no_place(reader: Reader, document: Document) -> None:
    pages = (Span(0, len(document.text), ""),)
    ((_, answer),) = reader.read(dataclasses.replace(document, pages=pages)).summarize().parts()
    assert "(p." not in answer.text
