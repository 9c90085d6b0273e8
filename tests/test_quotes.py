"""Quotations and numbers of answers, looked up letter by letter in the text."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from itertools import pairwise

import pytest

from beacon_qa.commands.telling import quote_facts, tell_quotes
from beacon_qa.commands.terminal import Terminal
from beacon_qa.documents import Document, OffsetMap, Span
from beacon_qa.quotes import Quote, check_quotes
from beacon_qa.quotes.figures import figures
from beacon_qa.reader import Reader

PAGES = (
    "“It was,” he said, “an exam-\nple of the   old\nkind—very old.” Don’t laugh at _him_.\n",
    "The secret number of Martin Corbett is 48,213 pounds, and 312 men saw it on 12th March 1915. ",
    "The pass is QX-4471-B, the price 10.17, the share 3,5 per cent, from 1914–18, 1 234 567 men. ",
    "The ﬁrst ofﬁcer of the café drew Gre\u0301goire’s heart. A heart is a heart. ",
)


def make(pages: tuple[str, ...] = PAGES, chapters: tuple[str, ...] = ("One", "Two")) -> Document:
    """A document of these pages, with two chapters of the same number of pages."""
    text = "".join(pages)
    places = [0]
    for page in pages:
        places.append(places[-1] + len(page))
    half = places[len(pages) // 2]
    return Document(
        text=text,
        pages=tuple(Span(a, b, str(n)) for n, (a, b) in enumerate(pairwise(places), 81)),
        chapters=tuple(
            Span(*ends, name)
            for ends, name in zip(((0, half), (half, len(text))), chapters, strict=False)
        ),
        title="The Case",
        author=None,
        language=None,
        format="text",
        content_hash=sha256(text.encode()).hexdigest(),
        offsets=OffsetMap((0,), (0,), (0,), len(text)),
    )


def only(answer: str, **options: int) -> Quote:
    (quote,) = check_quotes(answer, make(), **options)
    return quote


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        ('He said "an example of the old kind".', "81"),
        ("He said “an example of the old kind – very old.”", "81"),
        ("Er sagte „Don't laugh at him“.", "81"),
        ("Il dit « Don’t laugh at him ».", "81"),
        ("Er sagte »Don’t laugh at him.«", "81"),
        ("Han sa ”Don’t laugh at him”.", "81"),
        ("He said ‘Don’t laugh at him’, twice.", "81"),
        ("He said 'Don't laugh at him', twice.", "81"),
        ("“It was, he said, an example”", "81"),
        ("“The first officer of the cafe\u0301 drew Grégoire's heart.”", "84"),
        ("“**The** first *officer*”", "84"),
        ("Thus:\n\n> The first officer\n> of the café\n", "84"),
        ("“The secret … Martin Corbett”", "82"),
        ("“The secret [...] Martin Corbett …”", "82"),
        ("It tells of “the café,” at last.", "84"),
    ],
)
def test_a_quotation_in_any_marks_is_found_on_its_page(answer: str, page: str) -> None:
    quote = only(answer)
    assert (quote.kind, quote.mark) == ("quotation", f"verbatim, p. {page}")


@pytest.mark.parametrize(
    "answer",
    [
        "“an Example of the old kind”",
        "“an examples of the old kind”",
        "“a heart is a bear”",
        "“art is a heart”",
        "“A heart is a hear”",
        "“Martin Corbett … The secret”",
        "“an example … Grégoire”" + " " * 0,
        "“Donot laugh”",
        "“Is it a heart”",
    ],
)
def test_a_quotation_that_differs_in_a_letter_is_not_found(answer: str) -> None:
    pages = (*PAGES[:3], "x " * 2000, PAGES[3])
    (quote,) = check_quotes(answer, make(pages))
    assert not quote.found
    assert quote.mark == "not found in the text"
    assert (quote.source_start, quote.source_end, quote.page, quote.chapter) == (-1, -1, "", "")


def test_the_place_is_that_of_the_words_in_the_text() -> None:
    document = make()
    answer = "It says “an example of the old kind - very old”, he thinks."
    (quote,) = check_quotes(answer, document)
    assert answer[quote.start : quote.end] == quote.text == answer[9:46]
    found = document.text[quote.source_start : quote.source_end]
    assert found == "an exam-\nple of the   old\nkind—very old"
    assert quote.chapter == "One"


def test_a_hyphen_at_a_line_end_may_belong_to_the_word() -> None:
    document = make(("It is a well-\nknown fact.\n",), ())
    assert check_quotes("“a well-known fact”", document)[0].found
    assert check_quotes("“a wellknown fact”", document)[0].found
    assert not check_quotes("“a well known fact”", document)[0].found


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("It is 48213.", "48,213"),
        ("It is £48,213!", "48,213"),
        ("It is 48 213.", "48,213"),
        ("There were 1,234,567 souls.", "1 234 567"),
        ("There were 1.234.567 souls.", "1 234 567"),
        ("The share is 3.5%.", "3,5"),
        ("On March 12, 1915.", "12th March 1915"),
        ("On 12 March 1915.", "12th March 1915"),
        ("Le 12 mars 1915.", "12th March 1915"),
        ("On 1915-03-12.", "12th March 1915"),
        ("In 1915.", "1915"),
        ("On 12 March.", "12th March 1915"),
        ("The code QX-4471-B.", "QX-4471-B"),
        ("The code QX‑4471‑B.", "QX-4471-B"),
        ("The number 4471.", "4471"),
        ("It cost 10.17.", "10.17"),
    ],
)
def test_a_number_is_found_however_it_is_written(answer: str, written: str) -> None:
    document = make()
    (quote,) = check_quotes(answer, document)
    assert quote.kind == "number"
    found = document.text[quote.source_start : quote.source_end]
    assert found == written or written.startswith(found)


@pytest.mark.parametrize(
    "answer",
    ["Only 12.", "Only 31.", "4821", "8213", "10", "17", "447", "QX-4471", "48213.5", "13 March",
     "12 March 1916", "2026-03-12", "35", "234567"],
)  # fmt: skip
def test_a_number_inside_another_is_not_found(answer: str) -> None:
    pages = (*PAGES[:1], PAGES[1].replace("12th March 1915", "a day"), *PAGES[2:])
    (quote,) = check_quotes(answer, make(pages))
    assert not quote.found


def test_what_counts_the_answers_own_lines_or_names_a_page_is_not_checked() -> None:
    answer = "1. He came (p. 87).\n2) He saw, page 12, Chapter 3.\n- **3.** 48213"
    assert [quote.text for quote in check_quotes(answer, make())] == ["48213"]


def test_nothing_past_the_chosen_place_is_pointed_to() -> None:
    document = make()
    secret = document.text.index("48,213")
    for answer in ("48213", "“The secret number of Martin Corbett is 48,213”"):
        assert not check_quotes(answer, document, up_to=secret + 5)[0].found
        assert check_quotes(answer, document, up_to=secret + 6)[0].found
    # A number cut by the place is not the number that its first digits are.
    assert not check_quotes("48", document, up_to=secret + 2)[0].found
    assert not check_quotes("“A heart”", document, up_to=0)[0].found
    assert not check_quotes("“A heart”", document, up_to=-5)[0].found


def test_of_several_places_the_one_that_speaks_of_the_same_is_shown() -> None:
    pages = tuple(f"The boat of {who} carried 70 barrels. " for who in ("Anna", "Berta", "Clara"))
    (quote,) = check_quotes("Clara had 70 barrels in her boat.", make(pages))
    assert quote.page == "83"


def test_of_several_places_one_in_the_preferred_spans_is_shown() -> None:
    document = make(tuple(f"Boat {n} carried 70 barrels. " for n in range(3)))
    spans = [(page.start, page.end) for page in document.pages]
    for page, span in zip(document.pages, spans, strict=True):
        (quote,) = check_quotes("It was 70.", document, prefer=[span])
        assert quote.page == page.label


def test_inner_quotations_and_numbers_are_told_when_the_outer_is_not_found() -> None:
    answer = "“He told of ‘an example’ and of 312 men”"
    told = [(quote.text, quote.found) for quote in check_quotes(answer, make())]
    assert told == [(answer[1:-1], False), ("an example", True), ("312", True)]
    assert len(check_quotes("“312 men saw it”", make())) == 1


def test_a_text_without_pages_names_the_chapter_and_one_without_both_nothing() -> None:
    from dataclasses import replace

    document = replace(make(), pages=())
    assert check_quotes("“A heart”", document)[0].mark == "verbatim, Two"
    assert check_quotes("“A heart”", replace(document, chapters=()))[0].mark == "verbatim"


@pytest.mark.parametrize(
    "answer", ["", "No quotes here.", "“never closed", "'tis", "rock 'n' roll", '""', "don't can't"]
)
def test_an_answer_without_quotes_has_none(answer: str) -> None:
    assert check_quotes(answer, make()) == ()


def test_odd_answers_and_texts_are_no_trouble() -> None:
    long = "“" * 3000 + "”" * 3000 + "'\"" * 2000 + "1" * 5000
    assert check_quotes(long, make()) is not None
    repeated = make(("a" * 200_000 + " " + "12 " * 100_000,), ())
    assert not check_quotes("“aaaaaaaaaaaa” 123", repeated)[0].found
    assert check_quotes("“12 12 12” … “12 … 13”", repeated)[0].found
    assert check_quotes("“a”", make(("",), ()))[0].found is False


def test_figures_never_overlap_and_stand_where_they_say() -> None:
    text = "".join(PAGES) + " U-20 978-0-14 12. März 1916 10:45am 3rd 1.234.567,50 £1,234.50"
    found = list(figures(text))
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert {text[figure.start : figure.end]: figure.key for figure in found}["3rd"] == "3"
    assert "date 1916-03-12" in {figure.key for figure in found}


def test_a_book_checks_against_what_is_in_its_memory(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    answer = "It tells of “whale 14” and of whale 833."
    assert [quote.mark for quote in book.check(answer)] == ["verbatim, p. 1", "verbatim, p. 12"]
    early = book.as_of("chapter 1").check(answer)
    assert [quote.found for quote in early] == [True, False]


def test_quotes_are_noted_once_each_and_told_to_scripts() -> None:
    quotes = check_quotes("“A heart” 312, 312, 999 “" + "so " * 40 + "it ends.”", make())
    err = io.StringIO()
    tell_quotes(quotes, Terminal(io.StringIO(), err))
    lines = err.getvalue().splitlines()
    assert lines[0] == "  A heart: verbatim, p. 84"
    assert lines[1:3] == ["  312: verbatim, p. 82", "  999: not found in the text"]
    assert lines[3].endswith("so so…: not found in the text")
    facts = json.loads(json.dumps(quote_facts(quotes)))
    assert facts[0]["mark"] == "verbatim, p. 84"
    assert facts[0]["found"] is True
