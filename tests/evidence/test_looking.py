"""Looking back: evidence, what is read again, and that the memory stays what it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from captains import captains
from looking_back import FEW, QUESTION, told
from small_documents import make_document

from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.engine import Engine
from beacon_qa.evidence.checking import CANDIDATES
from beacon_qa.evidence.looking import NARROW, PASSAGES, LookBack, most_passages
from beacon_qa.reader import Reader


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A text with six facts, read by the built-in model at ratio 8."""
    reader = Reader.load(shelf=tmp_path_factory.mktemp("looking"), ratio=8)
    return reader.read(captains())


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_plain_answer_has_evidence_and_reads_nothing_again(book: Book) -> None:
    answer = book.ask(QUESTION, sampling=FEW, look_back="off")
    assert (answer.evidence, answer.attention, answer.read_again) == ((), (), ())
    assert answer.text
    assert answer.evidence
    assert [p.score for p in answer.evidence] == sorted(p.score for p in answer.evidence)[::-1]
    assert len(answer.attention) == book.coverage.total_windows
    assert sum(answer.attention) == pytest.approx(1)
    assert (answer.read_again, answer.rounds) == ((), ())
    plain = book.engine.prompts.question(QUESTION)
    assert answer.usage.input_tokens == book.memory.tokens + len(plain)


def test_looking_back_reads_the_fact_that_is_asked_for(book: Book) -> None:
    answer = told(book, "on")
    text = book.document.text
    passages = [text[passage.start : passage.end] for passage in answer.read_again]
    assert 0 < len(passages) <= PASSAGES
    assert any("captain of the ship compass" in words(passage) for passage in passages)
    places = [passage.start for passage in answer.read_again]
    assert places == sorted(places)
    assert all(p.page == book.document.page_at(p.start).label for p in answer.read_again)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("window", "most"), [(32, 1), (128, 1), (192, 2), (288, 3), (2048, PASSAGES)]
)
def test_a_window_shows_as_many_passages_as_it_has_room_for(window: int, most: int) -> None:
    assert most_passages(window) == most


def test_a_passage_alone_is_read_with_what_stands_around_it(book: Book) -> None:
    [passage] = told(book, "on").read_again
    window = book.engine.window
    assert window / 2 < len(book.ground.ids(passage)) <= 3 * window / 4


def test_what_is_read_again_is_the_text_letter_by_letter_and_fits_a_window(book: Book) -> None:
    ids = [book.ground.ids(passage) for passage in told(book, "on").read_again]
    for passage, tokens in zip(told(book, "on").read_again, ids, strict=True):
        wanted = book.document.text[passage.start : passage.end]
        assert book.engine.prompts.text(tokens).strip() == wanted
    assert sum(map(len, ids)) <= book.engine.window


def test_usage_counts_the_question_twice_and_all_that_was_read_for_it(book: Book) -> None:
    answer = told(book, "on")
    prompts = book.engine.prompts
    candidates = book.find(QUESTION, most=CANDIDATES).passages
    assert PASSAGES < len(candidates) <= CANDIDATES
    checked = [prompts.question(QUESTION, again=[book.ground.ids(one)]) for one in candidates]
    again = prompts.question(
        QUESTION, again=[book.ground.ids(passage) for passage in answer.read_again]
    )
    new = len(prompts.question(QUESTION)) + sum(map(len, checked)) + len(again)
    assert answer.usage.cached_tokens == book.memory.tokens
    assert answer.usage.input_tokens == book.memory.tokens + new


def test_auto_looks_back_only_where_the_find_stands_out(book: Book) -> None:
    found = book.find(QUESTION)
    model = book.engine.model
    before = model.evidence_contrast
    try:
        model.evidence_contrast = found.contrast - 1
        assert told(book, "auto").read_again == told(book, "on").read_again
        model.evidence_contrast = found.contrast + 1
        nothing, plain = told(book, "auto"), told(book, "off")
        assert nothing.read_again == ()
        assert nothing.text == plain.text
        assert [p.start for p in nothing.evidence] == [p.start for p in plain.evidence]
    finally:
        model.evidence_contrast = before


def test_looking_back_leaves_the_memory_unchanged(book: Book) -> None:
    before = told(book, "off")
    kept = book.memory.kept, book.memory.tokens
    told(book, "on")
    book.chat().ask(QUESTION, sampling=FEW, look_back="on").text  # noqa: B018
    after = told(book, "off")
    assert (book.memory.kept, book.memory.tokens) == kept
    assert (after.text, after.evidence) == (before.text, before.evidence)


def test_an_answer_is_told_as_from_the_prompt_with_its_passages_in_view(tiny_book: Book) -> None:
    answer = told(tiny_book, "on", "Who tells of whale 70?")
    engine, ground = tiny_book.engine, tiny_book.ground
    again = [ground.ids(passage) for passage in answer.read_again]
    assert again
    ids = engine.prompts.question("Who tells of whale 70?", again=again)
    by_hand = engine.answer(
        "", lambda **_: ids, tiny_book.memory.sealed, cached=0, coverage=tiny_book.coverage,
        sampling=FEW,
    )  # fmt: skip
    assert by_hand.text == answer.text != told(tiny_book, "off", "Who tells of whale 70?").text


def test_a_narrow_answer_is_told_from_the_windows_of_the_best_passages_alone(
    tiny_book: Book,
) -> None:
    question = "Who tells of whale 70?"
    found = tiny_book.find(question, most=CANDIDATES).passages[:NARROW]
    windows = {window for passage in found for window in tiny_book.ground.windows(passage)}
    assert 0 < len(windows) < tiny_book.memory.windows
    answer = told(tiny_book, "narrow", question)
    by_hand = tiny_book.engine.answer(
        question, lambda **_: tiny_book.engine.prompts.question(question),
        lambda: tiny_book.memory.narrowed(windows), cached=0, coverage=tiny_book.coverage,
        sampling=FEW,
    )  # fmt: skip
    assert answer.text == by_hand.text != told(tiny_book, "off", question).text
    assert answer.read_again == ()
    # Evidence is of the question's attention to the whole text, and of the answer's to these.
    full = answer.attention[: tiny_book.memory.windows]
    assert min(share for window, share in enumerate(full) if window not in windows) > 0
    assert sum(answer.attention) == pytest.approx(1)


def test_a_model_says_whether_passages_need_the_whole_memory_behind_them(tiny_book: Book) -> None:
    question = "Who tells of whale 70?"
    model, whole = tiny_book.engine.model, told(tiny_book, "on", question)
    assert model.evidence_narrow is False
    try:
        model.evidence_narrow = True
        narrowed = told(tiny_book, "on", question)
    finally:
        model.evidence_narrow = False
    assert narrowed.read_again == whole.read_again != ()
    assert narrowed.text != whole.text
    looking = tiny_book.looking("on")
    assert looking.behind(tiny_book.memory, ()) is tiny_book.memory


def test_what_was_said_after_the_text_is_in_every_narrowed_memory(tiny_book: Book) -> None:
    window = tiny_book.engine.window
    said = Turn("Who is it?", "It is a whale, " * window)
    chat, other = (tiny_book.chat([turn]) for turn in (said, Turn("Who?", "A shark, " * window)))
    one, two = (c.ask("And why?", sampling=FEW, look_back="narrow").text for c in (chat, other))
    assert one != two


def test_a_follow_up_has_evidence_in_the_text_and_may_look_back(tiny_book: Book) -> None:
    chat = tiny_book.chat([Turn("Who is it?", "It is a whale.")])
    plain = chat.ask("And why?", sampling=FEW, look_back="off")
    assert plain.text
    assert plain.evidence
    # What was said has grown behind the text: it is not a place in the text.
    assert len(plain.attention) == tiny_book.coverage.total_windows
    again = chat.ask("And then?", sampling=FEW, look_back="on")
    assert again.text
    assert again.read_again
    length = len(tiny_book.document.text)
    assert all(passage.end <= length for passage in (*again.evidence, *again.read_again))


def test_what_was_read_again_is_not_there_for_the_next_question(tiny_book: Book) -> None:
    """The next question goes on from what was said, not from what was read again for it."""
    talk = tiny_book.chat()
    said = talk.ask("Who is it?", sampling=FEW, look_back="on")
    assert said.text
    next_one = talk.ask("And why?", sampling=FEW, look_back="off")
    assert next_one.text
    asked = tiny_book.engine.prompts.question("Who is it?")
    before = tiny_book.memory.tokens + len(asked) + said.usage.output_tokens
    assert said.read_again
    assert next_one.usage.cached_tokens == before
    assert next_one.read_again == ()


@pytest.mark.parametrize("page", [3, 7])
@pytest.mark.parametrize("way", ["off", "on"])
def test_as_of_a_page_nothing_points_past_it(tiny_book: Book, page: int, way: LookBack) -> None:
    early = tiny_book.as_of(page)
    end = tiny_book.document.pages[page - 1].end
    long_talk = [Turn(f"Who is whale {n}?", "Nobody knows it. " * 3) for n in range(8)]
    chat = early.chat(long_talk)
    for ask, question in (
        (early.ask, "Who tells of whale 800?"),
        (chat.ask, "Who tells of whale 800?"),
        (chat.ask, "And of whale 819?"),
    ):
        answer = ask(question, sampling=FEW, look_back=way)
        assert answer.text
        assert answer.evidence
        assert all(0 <= p.start < p.end <= end for p in (*answer.evidence, *answer.read_again))
        assert bool(answer.read_again) == (way == "on")
    # In the conversation windows were condensed since, of which none is of the text.
    window = early.engine.window
    assert answer.usage.cached_tokens > early.memory.tokens + 4 * window


def test_a_text_that_is_held_raw_is_not_read_again(engine: Engine, reader: Reader) -> None:
    short = dataclasses.replace(make_document(2), text="Call me Ishmael.", pages=(), chapters=())
    book = reader.read(short)
    assert book.memory.windows == 0
    answer = told(book, "on", "Who?")
    assert answer.read_again == ()
    assert answer.text == told(book, "off", "Who?").text
    assert engine.window > len(book.ids)


def test_nothing_is_read_again_where_the_model_has_no_room_for_it(tiny_book: Book) -> None:
    look = tiny_book.looking("on")
    beacon = tiny_book.engine.model.beacon
    room = beacon.positions - tiny_book.memory.kept - beacon.window
    assert look.room(tiny_book.memory) == room
    passages = tiny_book.find(QUESTION, most=3).passages
    assert len(passages) == 3

    def prompt(*, again: Any = (), notes: Any = ()) -> list[int]:
        return [0] * (room + 2 - 2 * (3 - len(again)) if again else 5)

    kept, ids = look.in_view(passages, tiny_book.memory, prompt)
    assert kept == tuple(sorted(passages[:2], key=lambda p: p.start))
    assert len(ids) == room


def test_a_memory_that_fills_the_model_has_room_behind_what_it_is_narrowed_to(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = book.engine.model
    beacon = dataclasses.replace(model.beacon, positions=book.memory.kept + book.engine.window)
    monkeypatch.setattr(model, "beacon", beacon)
    look = book.looking("on")
    assert look.room(book.memory) == 0
    answer = told(book, "on")
    assert answer.read_again
    narrowed = look.behind(book.memory, answer.read_again)
    assert look.room(book.memory, answer.read_again) == look.room(narrowed) > 0
