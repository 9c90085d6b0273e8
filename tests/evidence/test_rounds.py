"""Looking back in several rounds: what is read in which, what is told from it, and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from string import ascii_letters, digits

import pytest
from captains import captains

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling, decode
from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.messages import Message, answer_messages
from beacon_qa.errors import ModelError
from beacon_qa.evidence import Passage
from beacon_qa.evidence.looking import PASSAGES
from beacon_qa.evidence.rounds import FADED, ROUND_TOKENS, ROUNDS, asks_for_all, findings, in_rounds
from beacon_qa.reader import Reader

QUESTION = "Who are all the captains?"
# Drawn, so that the small model says something in every round, and always the same.
DRAWN = Sampling(max_new_tokens=8, temperature=1.3, seed=5)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    reader = Reader.load(shelf=tmp_path_factory.mktemp("rounds"), ratio=8)
    return reader.read(captains())


@pytest.fixture(scope="module")
def looked(book: Book) -> Answer:
    """The question's answer, told in several rounds."""
    return told(book)


def told(book: Book, question: str = QUESTION, sampling: Sampling = DRAWN, **how: int) -> Answer:
    answer = book.ask(question, sampling=sampling, look_back="on", **how)  # type: ignore[arg-type]
    assert answer.text is not None
    return answer


def passage(score: float, start: int = 0) -> Passage:
    return Passage(start, start + 1, "", "", score)


@pytest.mark.parametrize(
    "question",
    [
        "Who are all the captains?",
        "Which of all the ships came home?",
        "what happened to all of his brothers?",
        "How many whales are there?",
        "And how often did he write to her?",
        "List the captains.",
        "Please list every ship, with its captain",
        "Could you please name all ports?",
        "Name every port.",
        "Give me a list of the ports.",
        "Can you give a complete list of names?",
        "count the letters he wrote",
        "What are the names of the ships?",
        "Tell me all he said.",
    ],
)
def test_a_question_for_all_of_something_is_seen(question: str) -> None:
    assert asks_for_all(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who is the captain?",
        "Did it all end well?",
        "What is all this about?",
        "Is there a list on the wall?",
        "Who wrote the list?",
        "How much did it cost?",
        "What did the count say?",
        "Name the captain.",
        "Who listened at the door?",
        "Wie viele Wale gibt es?",
        "",
    ],
)
def test_a_question_for_one_thing_is_not(question: str) -> None:
    assert not asks_for_all(question)


def test_rounds_take_the_best_first_and_end_where_the_evidence_fades() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.31, 0.3, 0.29, 0.1]
    found = [passage(score, 10 * place) for place, score in enumerate(scores)]
    assert [[p.score for p in one] for one in in_rounds(found)] == [
        [0.9, 0.8, 0.7],
        [0.6, 0.5, 0.4],
        [0.31, 0.3, 0.29],
    ]
    assert in_rounds([]) == []
    assert in_rounds([passage(0.5)]) == [(passage(0.5),)]


def test_findings_are_kept_once_whatever_their_case_marks_and_numbers() -> None:
    rounds = [
        "1. Orson Vale\n2. Petra Lind\n",
        "- petra lind.\n- Hugo Marsh\n\n",
        "The text does not say.",
        "3) HUGO MARSH",
        "",
        "In 1914 there were 12.",
    ]
    assert findings(rounds) == [
        "1. Orson Vale\n2. Petra Lind",
        "- Hugo Marsh",
        "In 1914 there were 12.",
    ]


def test_each_round_reads_the_next_best_passages_and_none_twice(book: Book, looked: Answer) -> None:
    answer = looked
    assert 2 <= len(answer.rounds) <= ROUNDS
    for one in answer.rounds:
        assert 0 < len(one.passages) <= PASSAGES
        assert sum(len(book.ground.ids(p)) for p in one.passages) <= book.engine.window
    read = [p for one in answer.rounds for p in one.passages]
    assert list(answer.read_again) == read
    ordered = sorted(read, key=lambda p: p.start)
    assert all(a.end <= b.start for a, b in pairwise(ordered))
    worst = [min(p.score for p in one.passages) for one in answer.rounds]
    best = [max(p.score for p in one.passages) for one in answer.rounds]
    assert all(low >= high for low, high in zip(worst, best[1:], strict=False))
    assert worst[-1] >= FADED * best[0]
    ordinary = told(book, rounds=1)
    assert ordinary.rounds == ()
    assert len(answer.read_again) > len(ordinary.read_again)


def by_hand(book: Book, ids: Sequence[int], passages: Sequence[Passage]) -> str:
    """What these ids lead to, behind the sealed memory of the windows in which passages stand."""
    engine, opening = book.engine, len(book.engine.prompts.layout.opening)
    letters = [place for p in passages for place in range(p.start, p.end)]
    tokens = {opening + book.encoded.tokens_before(place + 1) - 1 for place in letters}
    memory = book.memory.narrowed({token // engine.window for token in tokens}).sealed()
    stops = tuple(sorted(engine.prompts.layout.stop_ids))
    sampling = replace(DRAWN, stop_ids=stops)
    return engine.prompts.text(list(decode(engine.model, memory, ids, sampling)))


def test_a_round_tells_from_its_passages_and_the_answer_from_what_was_told(
    book: Book, looked: Answer
) -> None:
    answer, prompts = looked, book.engine.prompts
    read = 0
    for one in answer.rounds:
        ids = prompts.question(QUESTION, again=[book.ground.ids(p) for p in one.passages])
        read += len(ids)
        assert by_hand(book, ids, one.passages).strip() == one.text.strip()
    notes = findings(one.text for one in answer.rounds)
    assert notes
    last = prompts.question(QUESTION, notes=notes)
    assert by_hand(book, last, answer.read_again).strip() == answer.text.strip()
    # Everything that was read and told is counted.
    new = len(prompts.question(QUESTION)) + read + len(last)
    assert answer.usage.input_tokens == book.memory.tokens + new
    assert answer.usage.output_tokens > DRAWN.max_new_tokens
    assert answer.evidence
    assert sum(answer.attention) == pytest.approx(1)


def test_rounds_that_tell_nothing_leave_the_best_passages_in_view(book: Book) -> None:
    # Every letter and digit ends what is told, so that no round tells a word.
    letters = (*ascii_letters, *digits)
    answer = book.ask(QUESTION, sampling=DRAWN, look_back="on", stop=letters)
    assert answer.text is not None
    assert len(answer.rounds) > 1
    assert findings(one.text for one in answer.rounds) == []
    prompts = book.engine.prompts
    read = [
        len(prompts.question(QUESTION, again=[book.ground.ids(p) for p in one.passages]))
        for one in answer.rounds
    ]
    new = len(prompts.question(QUESTION)) + sum(read) + read[0]
    assert answer.usage.input_tokens == book.memory.tokens + new


@pytest.mark.parametrize("rounds", [2, 3])
def test_so_many_rounds_as_are_asked_for_are_not_exceeded(book: Book, rounds: int) -> None:
    assert 2 <= len(told(book, rounds=rounds).rounds) <= rounds
    assert len(told(book, "Who tells of the ships?", rounds=rounds).rounds) <= rounds


def test_only_a_question_for_all_takes_several_rounds_by_itself(book: Book) -> None:
    assert told(book, "Who is the captain of the ship compass?").rounds == ()
    never = book.ask(QUESTION, sampling=DRAWN, look_back="off")
    assert never.text
    assert (never.rounds, never.read_again) == ((), ())
    assert never.usage.output_tokens <= DRAWN.max_new_tokens


@pytest.mark.parametrize("rounds", [0, -3])
def test_a_number_of_rounds_that_is_none_is_refused(book: Book, rounds: int) -> None:
    with pytest.raises(ModelError, match=f"rounds is {rounds}; it must be 1 or more"):
        book.ask("Who?", rounds=rounds)


def test_rounds_leave_the_memory_unchanged_and_can_be_told_again(
    book: Book, looked: Answer
) -> None:
    before = book.memory.kept, book.memory.tokens
    again = told(book)
    assert (looked.text, looked.rounds) == (again.text, again.rounds)
    assert (book.memory.kept, book.memory.tokens) == before


def test_a_conversation_and_messages_take_the_same_rounds(book: Book) -> None:
    chat = book.chat([Turn("Who is he?", "A clerk.")])
    said = chat.ask(QUESTION, sampling=DRAWN, look_back="on")
    messages = [Message("user", "Who is he?"), Message("assistant", "A clerk.")]
    asked = [*messages, Message("user", QUESTION)]
    sent = answer_messages(book.engine, asked, book=book, sampling=DRAWN, look_back="on")
    assert said.text == sent.text
    assert said.rounds == sent.rounds
    assert len(said.rounds) > 1
    # The next question knows the answer, and nothing of the rounds.
    next_one = chat.ask("And who else?", sampling=DRAWN, look_back="off")
    assert next_one.text
    added = sum(len(book.engine.prompts.question(q, first=False)) for q in ("Who is he?", QUESTION))
    assert next_one.usage.cached_tokens < book.memory.tokens + added + 2 * DRAWN.max_new_tokens


def test_rounds_are_the_same_among_answers_that_go_on_together(book: Book, looked: Answer) -> None:
    many = book.ask_many([QUESTION, "Who is he?"], sampling=DRAWN, look_back="on")
    assert many[1].text
    assert many[0].rounds == looked.rounds


def test_an_answer_cancelled_in_the_middle_of_a_round_ends_there(book: Book) -> None:
    long = Sampling(max_new_tokens=500, temperature=1.3, seed=5)
    answer = book.ask(QUESTION, sampling=long, look_back="on")
    teller = threading.Thread(target=lambda: answer.text)
    teller.start()
    while not (answer.rounds and answer.rounds[0].text):
        assert teller.is_alive()
        time.sleep(0.0005)
    answer.cancel()
    teller.join()
    assert (answer.finish, answer.text) == ("cancelled", "")
    assert len(answer.rounds) < ROUNDS
    # What was read and told until then is counted.
    assert 0 < answer.usage.output_tokens < ROUNDS * ROUND_TOKENS
    assert answer.usage.input_tokens > book.memory.tokens
