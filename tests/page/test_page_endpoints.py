"""The published endpoints `ask` and `summarize`, served with the built-in model."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.desk import Desk
from beacon_qa.excerpt import EXTRACTED
from beacon_qa.reader import Reader
from ui.library import Library
from ui.start import free_port, launch

TITLES = ("The Whale", "The Sea", "The Ship", "The Crew")


@pytest.fixture(scope="module")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The built-in model with four books read, each of another length."""
    reader = Reader.load(shelf=tmp_path_factory.mktemp("builtin"))
    for number, title in enumerate(TITLES):
        reader.read(make_document(120 - 30 * number, title))
    return reader


@pytest.fixture(scope="module")
def served(builtin: Reader) -> Iterator[str]:
    """The page, served on a free port; its address."""
    with Desk() as desk:
        page = launch(
            Library(builtin, desk),
            server_name="127.0.0.1",
            server_port=free_port("127.0.0.1"),
        )
        yield str(page.local_url)
        page.close(verbose=False)


@pytest.fixture
def client(served: str) -> Iterator[Client]:
    """A program that uses the page's endpoints."""
    client = Client(served, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_ask_is_told_piece_by_piece_with_its_coverage(client: Client, builtin: Reader) -> None:
    question = "What does sentence 3 tell of?"
    job = client.submit("the whale", question, "", 16, 0.0, api_name="/ask")
    text, details = job.result()
    assert text == builtin.find("The Whale").ask(question, sampling=Sampling(16)).text
    assert details["coverage"]["pages"] == 12
    assert details["finish"] in ("stop", "length")
    assert len(job.outputs()) > 1


def test_ask_keeps_no_conversation_and_takes_a_place(client: Client, builtin: Reader) -> None:
    book = builtin.find("The Whale")
    before = len(builtin.shelf.conversations.of_book(book.id))
    _, details = client.predict(book.id, "Who?", "Loomings", 8, 0.0, api_name="/ask")
    assert (details["as_of"], details["coverage"]["pages"]) == ("Loomings", 4)
    assert len(builtin.shelf.conversations.of_book(book.id)) == before


@pytest.mark.parametrize(
    ("book", "question", "as_of", "said"),
    [
        ("nosuchbook", "Who?", "", "nosuchbook"),
        ("The Whale", " ", "", "1 to 8,000"),
        ("The Whale", "Who?", "page 99", "99"),
        ("../../etc/passwd", "Who?", "", "etc"),
    ],
)
def test_ask_refuses_with_one_sentence(
    client: Client, book: str, question: str, as_of: str, said: str
) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(book, question, as_of, 8, 0.0, api_name="/ask")


def test_summarize_is_published_and_checks_its_length(client: Client) -> None:
    text = client.predict("The Whale", "short", True, api_name="/summarize")
    assert text.startswith(f"*{EXTRACTED}*\n\n## Loomings\n\n- ")
    with pytest.raises(AppError, match="short, medium, long"):
        client.predict("The Whale", "huge", False, api_name="/summarize")


def test_nothing_else_of_the_conversation_is_published(client: Client) -> None:
    published = set(client.view_api(return_format="dict")["named_endpoints"])
    assert {"/ask", "/summarize"} <= published
    assert published <= {"/ask", "/summarize", "/read"}


def test_twenty_questions_from_four_programs_are_answered_each_about_its_book(
    served: str, builtin: Reader
) -> None:
    expected = {title: builtin.find(title) for title in TITLES}

    def five(title: str) -> list[tuple[str, dict[str, Any]]]:
        client = Client(served, verbose=False, analytics_enabled=False)
        jobs = [
            client.submit(title, f"What does sentence {n} tell of?", "", 6, 0.0, api_name="/ask")
            for n in range(5)
        ]
        answers = [job.result() for job in jobs]
        client.close()
        return answers

    with ThreadPoolExecutor(4) as pool:
        answered = dict(zip(TITLES, pool.map(five, TITLES), strict=True))
    for title, answers in answered.items():
        assert len(answers) == 5
        for text, details in answers:
            assert text
            assert details["book"] == expected[title].id
            assert details["coverage"]["total_tokens"] == expected[title].memory.tokens
