"""The server under load and at its end: queues, time, clients that go, readings that go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import openai
import pytest
from brake import Brake
from clients import LONG, asked, gone
from serving import PATIENCE, serving, until
from small_documents import make_document

from beacon_qa.reader import Reader
from beacon_qa.server.limits import Limits
from beacon_qa.server.uploads import Uploads


@pytest.fixture
def model(reader: Reader) -> str:
    """The name that a short book is asked by, which has been read."""
    return f"beacon:{reader.read(make_document(30)).id}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for requests that have to wait."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_a_full_queue_refuses_until_there_is_a_place(
    reader: Reader, model: str, pool: ThreadPoolExecutor
) -> None:
    with serving(reader, limits=Limits(at_once=1, queue=1)) as served:
        client = served.client()
        with reader.engine.lane.turn():
            told = [pool.submit(asked, client, model, max_tokens=2)]
            until(lambda: served.number("beacon_answers_running") == 1)
            told.append(pool.submit(asked, client, model, max_tokens=2))
            until(lambda: served.number("beacon_answers_waiting") == 1)
            with pytest.raises(openai.RateLimitError, match="2 questions") as refused:
                asked(client, model)
            assert refused.value.response.headers["retry-after"] == "5"
            assert httpx.get(f"{served.root}/health").status_code == 200
        first, second = (each.result(PATIENCE) for each in told)
        assert first.choices == second.choices
        assert asked(client, model, max_tokens=2).choices


def test_more_books_than_may_wait_are_refused(reader: Reader) -> None:
    with serving(reader) as served, reader.engine.lane.turn():
        client = served.client()
        for number in range(20):
            client.files.create(file=(f"{number}.txt", b"Book %d." % number), purpose="user_data")
        with pytest.raises(openai.RateLimitError, match="20 of 20 books"):
            client.files.create(file=("last.txt", b"The last one."), purpose="user_data")
        assert len(list(client.files.list())) == 20


def test_an_answer_whose_time_is_over_ends(reader: Reader, model: str) -> None:
    with serving(reader, limits=Limits(seconds=0)) as served:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError, match="time of this") as refused:
                asked(served.client(), model, stream=stream)
            assert refused.value.status_code == 504
            assert refused.value.response.headers["x-should-retry"] == "false"
        until(lambda: served.number("beacon_answers_running") == 0)
        assert served.number('beacon_answers_total{finish="time"}') == 2


def test_an_answer_whose_time_is_over_while_it_waits_counts_once(
    reader: Reader, model: str, pool: ThreadPoolExecutor
) -> None:
    with serving(reader, limits=Limits(seconds=1, at_once=1)) as served:
        with reader.engine.lane.turn():
            told = [pool.submit(asked, served.client(), model) for _ in range(2)]
            until(lambda: served.number('beacon_answers_total{finish="time"}') > 0)
        for each in told:
            with pytest.raises(openai.InternalServerError, match="time of this"):
                each.result(PATIENCE)
        until(lambda: served.number('beacon_answers_total{finish="time"}') == 2)
        assert gone(served) == 0


def test_a_client_that_goes_away_in_mid_answer_stops_the_model(reader: Reader, model: str) -> None:
    with serving(reader) as served:
        stream = asked(served.client(), model, max_tokens=4000, stream=True)
        next(stream)
        stream.close()
        until(lambda: gone(served) == 1)
        assert served.number("beacon_answers_running") == 0
        assert served.number("beacon_output_tokens_total") < 4000


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_while_it_waits_gives_up_its_place(
    reader: Reader, model: str, stream: bool
) -> None:
    with serving(reader, limits=Limits(at_once=1)) as served:
        hasty = served.client(timeout=0.5)
        with reader.engine.lane.turn():
            # The first is under way and stopped by the lane, the second waits for its place.
            for _ in range(2):
                with pytest.raises(openai.APITimeoutError):
                    asked(hasty, model, stream=stream)
            until(lambda: served.number("beacon_answers_waiting") == 0)
            assert gone(served) == 1
        until(lambda: gone(served) == 2)
        assert served.number("beacon_output_tokens_total") == 0
        assert asked(served.client(), model, max_tokens=2).choices


def test_an_answer_that_is_told_when_the_server_ends_is_cut_well(
    reader: Reader, model: str
) -> None:
    with serving(reader, limits=Limits(drain=0)) as served:
        stream = asked(served.client(), model, max_tokens=4000, stream=True)
        next(stream)
        served.server.stop()
        *_, last = stream
    assert last.choices[0].finish_reason == "length"
    assert last.beacon["cut"] == "ending"


def test_a_reading_is_kept_when_the_server_ends_and_goes_on_with_the_next(
    reader: Reader, brake: Brake
) -> None:
    brake.hold(3)
    with serving(reader) as served:
        client = served.client()
        file = client.files.create(file=("long.txt", LONG), purpose="user_data")
        brake.wait_until_held()
        version = served.desk.version
        served.server.stop()
        # The desk is told to close while a window is held.
        assert served.desk.wait(version, PATIENCE) > version
        brake.release()
    (record,) = reader.shelf.books()
    kept = reader.open(record).coverage
    assert 2 < kept.windows < kept.total_windows
    with serving(reader) as served:
        client = served.client()
        assert asked(client, f"beacon:{record.id}", max_tokens=2).beacon["coverage"]["windows"] >= (
            kept.windows
        )
        now: Any = client.files.wait_for_processing(file.id, poll_interval=0.05)
        assert (now.status, now.filename, now.beacon["coverage"]) == ("processed", "long.txt", 1.0)


def test_an_upload_that_was_not_parsed_is_taken_up_at_the_next_start(
    reader: Reader, text_file: Path
) -> None:
    with text_file.open("rb") as stream:
        upload = Uploads(reader.shelf).keep(stream, "whale.txt", "user_data")
    with serving(reader) as served:
        now = served.client().files.wait_for_processing(upload.id, poll_interval=0.05)
        assert now.status == "processed"
    assert [path.name for path in (reader.shelf.root / "uploads").iterdir()] == [
        f"{upload.id}.json"
    ]


def test_a_file_is_deleted_while_it_is_being_read(reader: Reader, brake: Brake) -> None:
    with serving(reader) as served:
        client = served.client()
        brake.hold(3)
        file = client.files.create(file=("long.txt", LONG), purpose="user_data")
        brake.wait_until_held()
        Timer(0.2, brake.release).start()
        assert client.files.delete(file.id).deleted
        assert reader.shelf.books() == []
        assert list(client.files.list()) == []
        assert list((reader.shelf.root / "uploads").iterdir()) == []


def test_questions_asked_at_once_are_answered_together(
    reader: Reader, model: str, pool: ThreadPoolExecutor
) -> None:
    with serving(reader) as served:
        client, off = served.client(), {"beacon": {"look_back": "off"}}

        def told(question: str) -> str:
            who: Any = {"role": "user", "content": question}
            asked = client.chat.completions.create(
                model=model, messages=[who], max_tokens=40, extra_body=off
            )
            return asked.choices[0].message.content or ""

        questions = [f"Which whale is number {number}?" for number in range(4)]
        alone, passes = passes_of(reader, lambda: [told(question) for question in questions])

        def at_once() -> list[str]:
            with reader.engine.lane.turn():
                answers = [pool.submit(told, question) for question in questions]
                until(lambda: served.number("beacon_answers_running") == 4)
            return [answer.result(PATIENCE) for answer in answers]

        together, fewer = passes_of(reader, at_once)
        assert together == alone
        assert fewer < 0.7 * passes


def passes_of(reader: Reader, work: Callable[[], Any]) -> tuple[Any, int]:
    """What some work gives, and how many times the model is run by it."""
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    hook = reader.engine.model.register_forward_hook(add)
    try:
        told = work()
        return told, count
    finally:
        hook.remove()
