"""Asking a book: lazy answers, stopped and cancelled ones, several at once, follow-ups."""

from __future__ import annotations

import threading

import torch
from readings import SHORT, by_windows, next_logits

from beacon_qa.chat import Turn
from beacon_qa.documents import Document
from beacon_qa.reader import Reader


def test_questions_are_answered_while_the_book_is_read(reader: Reader, document: Document) -> None:
    job = by_windows(reader).reading(document)
    progress = [next(job) for _ in range(10)][-1]
    early = progress.so_far()
    assert early.ask("Who?", sampling=SHORT).coverage.windows == 10
    logits = next_logits(reader.engine, early)
    for _ in job:
        pass
    assert early.memory.windows == 10
    assert torch.equal(logits, next_logits(reader.engine, early))


def test_an_answer_is_lazy_iterable_and_the_same_again(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    answer = book.ask("Who is it?", sampling=SHORT, look_back="off")
    assert answer.usage.output_tokens == 0
    pieces = list(answer)
    assert "".join(pieces) == answer.text == "".join(answer)
    assert answer.finish in ("stop", "length")
    usage = answer.usage
    assert usage.cached_tokens == book.memory.tokens
    assert usage.input_tokens == usage.cached_tokens + len(
        reader.engine.prompts.question("Who is it?")
    )
    assert 0 < usage.output_tokens <= 12
    assert answer.coverage.complete


def test_asking_does_not_change_the_memory(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    before = next_logits(reader.engine, book), book.memory.tokens, book.memory.kept
    first = book.ask("Who?", sampling=SHORT).text
    book.chat().ask("Why?", sampling=SHORT).text  # noqa: B018
    assert book.ask("Who?", sampling=SHORT).text == first
    assert torch.equal(before[0], next_logits(reader.engine, book))
    assert before[1:] == (book.memory.tokens, book.memory.kept)


def test_a_stop_string_ends_the_answer_and_is_not_in_it(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    whole = book.ask("Who?", sampling=SHORT).text
    word = whole[len(whole) // 2 : len(whole) // 2 + 3]
    answer = book.ask("Who?", sampling=SHORT, stop=[word])
    assert answer.text == whole[: whole.index(word)]
    assert answer.finish == "stop"


def test_a_cancelled_answer_keeps_what_was_told(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    answer = book.ask("Who?", sampling=SHORT)
    first = next(iter(answer))
    answer.cancel()
    assert answer.finish == "cancelled"
    assert answer.text.startswith(first)
    assert answer.usage.output_tokens < 12


def test_threads_get_their_own_answers(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    questions = [f"What is number {n}?" for n in range(6)]
    alone = {question: book.ask(question, sampling=SHORT).text for question in questions}
    together: dict[str, str] = {}

    def ask(question: str) -> None:
        together[question] = book.ask(question, sampling=SHORT).text

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_one_thread_may_tell_two_answers_by_turns(reader: Reader, document: Document) -> None:
    book = reader.read(document)
    alone = [book.ask(question, sampling=SHORT).text for question in ("Who?", "Why?")]
    pair = [iter(book.ask(question, sampling=SHORT)) for question in ("Who?", "Why?")]
    told = ["", ""]
    for _ in range(40):
        for place, pieces in enumerate(pair):
            told[place] += next(pieces, "")
    assert told == alone


def test_a_follow_up_knows_what_was_said(reader: Reader, document: Document) -> None:
    engine, book = reader.engine, reader.read(document)
    chat = book.chat()
    first = chat.ask("Who is it?", sampling=SHORT, look_back="off")
    said = first.text
    second = chat.ask("And why?", sampling=SHORT, look_back="off")
    told = second.text
    assert chat.turns == [Turn("Who is it?", said), Turn("And why?", told)]
    # The same conversation, told to a new chat as history, goes on in the same way.
    again = book.chat([Turn("Who is it?", said)]).ask("And why?", sampling=SHORT, look_back="off")
    assert second.usage.cached_tokens > book.memory.tokens
    assert again.usage.cached_tokens == book.memory.tokens + len(
        engine.prompts.question("Who is it?")
    ) + len(engine.prompts.answer(said))
    prompt = [
        *engine.prompts.question("Who is it?"),
        *engine.prompts.answer(said),
        *engine.prompts.question("And why?", first=False),
    ]
    by_hand = engine.answer(
        "",
        lambda **_: prompt,
        lambda: book.memory,
        cached=0,
        coverage=book.coverage,
        sampling=SHORT,
    )
    assert again.text == by_hand.text


def test_a_question_never_answered_is_not_part_of_the_conversation(
    reader: Reader, document: Document
) -> None:
    book = reader.read(document)
    chat = book.chat()
    chat.ask("Never told?")
    answer = chat.ask("Who?", sampling=SHORT)
    assert answer.text == book.ask("Who?", sampling=SHORT).text
    assert [turn.question for turn in chat.turns] == ["Who?"]
