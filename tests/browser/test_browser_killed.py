"""In a real browser: answers that are stopped, and a program that is killed at work.

The model here has random weights and never ends an answer by itself, so that there is time.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from chromium import hosts_asked
from made_books import HARBOUR, long_text, small_pdf
from page_rooms import Page
from served_page import ServedPage, serve
from transformers import Qwen2Config, Qwen2ForCausalLM

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.shelf.conversations import Message

pytestmark = pytest.mark.xdist_group("browser")

VOCABULARY = Path(__file__).parents[2] / "beacon_qa" / "builtin" / "weights"


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that takes its time and never ends by itself."""
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("wordy")
    tokenizer = load_tokenizer(VOCABULARY)
    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=16384,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=False,
        initializer_range=0.1,
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        # Never the likeliest of all words.
        model.lm_head.weight[tokenizer.eos_token_id] = 0
    model.save_pretrained(plain)
    load_model(
        plain, device="cpu", start_beacons=True, beacon_window=64, beacon_ratio=[4]
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def slow(wordy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    """The page with that model, and a short PDF that has been read."""
    folder = tmp_path_factory.mktemp("slow")
    page = serve(folder / "shelf", folder / "log", "--model", str(wordy), "--device", "cpu")
    (folder / "harbour.pdf").write_bytes(small_pdf())
    page.read(folder / "harbour.pdf")
    yield page
    assert page.end() == 0


@pytest.fixture
def page(visit: Callable[[ServedPage], Page], slow: ServedPage) -> Page:
    """That page, with the longest answers that can be set and the PDF on show."""
    page = visit(slow)
    page.body.click("#tabs button[role=tab]:nth-of-type(3)")
    page.talk.type("#answer-length input[type=number]", "1024")
    page.body.click("#tabs button[role=tab]:nth-of-type(1)")
    page.shelf.open(HARBOUR)
    page.talk.says(f"{HARBOUR}: 5 of 5 pages")
    return page


def test_an_answer_is_streamed_and_stopped_and_the_next_one_is_told(page: Page) -> None:
    page.talk.ask("What happens first?")
    lengths: set[int] = set()

    def grown() -> bool:
        lengths.update(len(answer) for answer in page.talk.answers)
        return len(lengths) > 3

    page.talk.until(grown, "a growing answer")
    page.picture("answering")
    page.talk.click("#question .stop-button")
    assert "Stopped" in page.talk.told()
    first = page.talk.answers
    page.talk.ask("And then?")
    page.talk.until(lambda: len(page.talk.answers) == 2 and page.talk.answers[1])
    page.talk.click("#question .stop-button")
    page.talk.told()
    assert page.talk.questions == ["What happens first?", "And then?"]
    assert page.talk.answers[0] == first[0]


def test_an_answer_that_is_stopped_at_once_leaves_the_conversation_in_sight(page: Page) -> None:
    questions = ["Who?", "Where?", "When?"]
    for question in questions:
        page.talk.ask(question)
        page.talk.click("#question .stop-button")
        page.talk.until(lambda: page.talk.all("#question .submit-button"))
    page.talk.until(lambda: page.talk.questions == questions, "all three questions")
    assert not [error for error in page.talk.all("#chat .error") if error.is_displayed()]
    page.picture("stopped-answer")


def test_a_tab_that_is_closed_frees_the_model_for_the_other_tab(
    page: Page, slow: ServedPage
) -> None:
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    second = Page(page.browser, slow.address).open()
    second.shelf.open(HARBOUR)
    second.talk.click("#new-conversation")
    second.talk.until(lambda: not second.talk.questions)
    second.talk.ask("What is told to nobody?")
    second.talk.until(lambda: second.talk.answers and len(second.talk.answers[0]) > 20)
    page.browser.close()
    page.browser.switch_to.window(first)
    page.talk.ask("Who comes next?")
    page.talk.until(lambda: page.talk.answers and page.talk.answers[0] != "…", "the next answer")
    page.talk.click("#question .stop-button")
    page.talk.told()
    conversations = slow.shelf.conversations
    talks = conversations.of_book(slow.shelf.books()[0].id)
    (left,) = [talk for talk in talks if talk.title.startswith("What is told to nobody")]
    assert conversations.messages(left.id)[-1].details["finish"] == "cancelled"


def test_what_was_told_is_kept_when_the_program_is_killed_while_answering(
    page: Page, slow: ServedPage
) -> None:
    question = "What was told before the end?"
    page.talk.ask(question)

    def kept() -> Message | None:
        conversations = slow.shelf.conversations
        for talk in conversations.of_book(slow.shelf.books()[0].id):
            said = conversations.messages(talk.id)
            if len(said) == 2 and said[0].text == question and said[1].text:
                return said[1]
        return None

    part = page.talk.until(kept, "a part of the answer that is kept")
    assert part
    slow.end(signal.SIGKILL)
    hosts_asked(page.browser)
    slow.restart()
    page.open()
    page.talk.says(question)
    page.talk.until(lambda: page.talk.answers and page.talk.answers[0], "the part that was told")
    assert page.talk.questions == [question]
    assert len(page.talk.answers[0]) > 20
    assert "Not finished" in page.talk.told()
    page.evidence.says("Pages it rests on")
    page.picture("killed-answering")
    page.talk.ask("And after it?")
    page.talk.until(lambda: len(page.talk.answers) == 2 and page.talk.answers[1])
    page.talk.click("#question .stop-button")
    page.talk.told()


def test_a_reading_goes_on_when_the_program_was_killed_in_the_midst_of_it(
    page: Page, slow: ServedPage, tmp_path: Path
) -> None:
    file = tmp_path / "log-book.txt"
    file.write_text(long_text(60))
    slow.brake.hold(10)
    page.shelf.drop(file)
    page.shelf.wait_for("log-book", "window 10 of")
    slow.end(signal.SIGKILL)
    slow.brake.release()
    (left,) = [record for record in slow.shelf.books() if record.title == "log-book"]
    assert left.state == "waiting"
    assert 0 < left.windows < left.total_windows
    slow.restart()
    page.open()
    page.shelf.wait_for("log-book", "Ready")
    read = slow.shelf.get(left.id)
    assert (read.state, read.windows) == ("ready", left.total_windows)
