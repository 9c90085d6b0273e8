"""The server as OpenAI's client and LangChain's use it, with the built-in model."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from clients import WHO
from doc_pages import ROOT, fences
from doc_samples import write_samples
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests.chat_models import magic_function
from openai import OpenAI
from pydantic import SecretStr
from serving import Served, serving, until

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.reader import Reader

TOOL_MODEL = Path(__file__).parents[1] / "fixtures" / "tool-model"
KEY = SecretStr("none")


def test_the_model_and_every_book_are_models(client: OpenAI, book: Book, model: str) -> None:
    models: dict[str, Any] = {each.id: each for each in client.models.list()}
    assert next(iter(models)) == "built-in"
    about = models[model].beacon
    assert (about["title"], about["state"]) == (book.title, "ready")
    assert client.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-5'"):
        client.models.retrieve("gpt-5")


def test_a_question_is_answered_as_the_book_answers_it(
    client: OpenAI, book: Book, model: str
) -> None:
    told: Any = client.chat.completions.create(model=model, messages=[WHO], max_tokens=16)
    # Told as a server's answers are, together: here two words are equally likely in 16 bits, and
    # another order of adding up takes the other one.
    [answer] = book.ask_many([WHO["content"]], sampling=Sampling(16))
    assert told.choices[0].message.content == answer.text
    assert told.choices[0].finish_reason == answer.finish
    assert told.usage.prompt_tokens == answer.usage.input_tokens
    assert told.usage.prompt_tokens_details.cached_tokens == book.memory.tokens
    beacon = told.beacon
    assert (beacon["book"], beacon["as_of"], beacon["cut"]) == (book.id, "", "")
    assert beacon["coverage"]["complete"]
    assert beacon["coverage"]["text"] == str(book.coverage)
    best = beacon["evidence"][0]
    assert best["text"] == book.document.text[best["start"] : best["end"]]
    assert best["page"]
    assert len(beacon["read_again"]) == len(answer.read_again)


def test_a_stream_tells_the_same_in_pieces(client: OpenAI, model: str) -> None:
    asked: dict[str, Any] = {"model": model, "messages": [WHO], "max_completion_tokens": 12}
    whole: Any = client.chat.completions.create(**asked)
    chunks: list[Any] = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    *pieces, last, counted = chunks
    assert "".join(each.choices[0].delta.content or "" for each in pieces) == (
        whole.choices[0].message.content
    )
    assert pieces[0].choices[0].delta.role == "assistant"
    assert last.choices[0].finish_reason == whole.choices[0].finish_reason
    assert last.beacon["coverage"] == whole.beacon["coverage"]
    assert counted.choices == []
    assert counted.usage == whole.usage
    plain = list(client.chat.completions.create(**asked, stream=True))
    assert all(each.usage is None and each.choices for each in plain)


def test_max_tokens_stop_and_seed_do_what_they_say(client: OpenAI, model: str) -> None:
    def told(**options: Any) -> Any:
        return client.chat.completions.create(model=model, messages=[WHO], **options)

    cut = told(max_tokens=2)
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 2)
    whole = told(max_tokens=12).choices[0].message.content
    # Short as the answer may be, its second word is cut off.
    word = whole.split()[1]
    stopped = told(max_tokens=12, stop=[word]).choices[0]
    assert stopped.message.content == whole[: whole.index(word)]
    assert stopped.finish_reason == "stop"
    free: dict[str, Any] = {"temperature": 2, "top_p": 0.95, "max_tokens": 12}
    texts = [told(**free, seed=seed).choices[0].message.content for seed in (3, 3, 4, 5, 6)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_the_model_answers_without_a_book(client: OpenAI) -> None:
    told: Any = client.chat.completions.create(model="built-in", messages=[WHO], max_tokens=4)
    assert told.choices[0].message.content
    assert told.beacon == {"cut": ""}


def test_a_prompt_of_completions_is_one_question(client: OpenAI, book: Book, model: str) -> None:
    told = client.completions.create(model=model, prompt=WHO["content"], max_tokens=8)
    assert told.choices[0].text == book.ask(WHO["content"], sampling=Sampling(8)).text
    pieces = client.completions.create(
        model=model, prompt=[WHO["content"]], max_tokens=8, stream=True
    )
    assert "".join(each.choices[0].text for each in pieces) == told.choices[0].text


def test_a_book_is_asked_as_of_a_place(client: OpenAI, model: str) -> None:
    def told(place: str) -> Any:
        options = {"beacon": {"as_of": place, "look_back": "off"}}
        return client.chat.completions.create(
            model=model, messages=[WHO], max_tokens=2, extra_body=options
        )

    beacon = told("page 3").beacon
    assert (beacon["as_of"], beacon["coverage"]["pages"]) == ("page 3", 3)
    assert beacon["read_again"] == []
    with pytest.raises(openai.BadRequestError, match="99"):
        told("page 99")


def test_a_conversation_that_grew_is_not_read_again(client: OpenAI, book: Book, model: str) -> None:
    talk: list[Any] = [WHO, {"role": "assistant", "content": "Of whale 49."}, WHO]

    def cached() -> Any:
        told: Any = client.chat.completions.create(model=model, messages=talk, max_tokens=2)
        return told.usage.prompt_tokens_details.cached_tokens

    assert cached() == book.memory.tokens < cached()


def test_langchains_chat_model_drives_it(served: Served, book: Book, model: str) -> None:
    chat = ChatOpenAI(
        model=model, base_url=served.url, api_key=KEY, max_completion_tokens=8, stream_usage=True
    )
    told = chat.invoke([HumanMessage(WHO["content"])])
    assert told.content == book.ask(WHO["content"], sampling=Sampling(8)).text
    assert told.usage_metadata is not None
    assert told.usage_metadata["input_token_details"]["cache_read"] == book.memory.tokens
    assert "".join(str(each.content) for each in chat.stream(WHO["content"])) == told.content
    questions = [f"What does sentence {n} tell of?" for n in (7, 8, 9)]
    assert [each.content for each in chat.batch(list(questions))] == [
        book.ask(question, sampling=Sampling(8)).text for question in questions
    ]


def test_tools_are_called_where_the_template_knows_them(tmp_path: Path) -> None:
    with serving(Reader.load(TOOL_MODEL, shelf=tmp_path)) as served:
        chat = ChatOpenAI(model="tool-model", base_url=served.url, api_key=KEY)
        tools = chat.bind_tools([magic_function], tool_choice="any")
        question = "What is the value of magic_function(3)? Use the tool."
        told = tools.invoke(question)
        assert isinstance(told, AIMessage)
        assert [(call["name"], call["args"]) for call in told.tool_calls] == [
            ("magic_function", {"input": 3})
        ]
        assert told.response_metadata["finish_reason"] == "tool_calls"
        pieces: list[Any] = list(tools.stream(question))
        calls = [call for piece in pieces for call in piece.tool_call_chunks]
        assert [(call["name"], call["args"]) for call in calls] == [
            ("magic_function", '{"input": 3}')
        ]


def test_health_and_metrics_are_told(served: Served, client: OpenAI, model: str) -> None:
    assert httpx.get(f"{served.root}/health").json() == {"status": "ok", "model": "built-in"}
    before = served.number("beacon_output_tokens_total")
    client.chat.completions.create(model=model, messages=[WHO], max_tokens=2)
    assert served.number("beacon_output_tokens_total") == before + 2
    assert served.number('beacon_requests_total{route="/health",status="200"}') >= 1
    until(lambda: served.number("beacon_answers_running") == 0)
    told = httpx.get(f"{served.root}/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert 'beacon_answer_seconds_bucket{le="+Inf"}' in told.text


def test_the_examples_of_the_page_run(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_samples(tmp_path)
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "server.md"
    blocks = [block for _, block in fences(page.read_text("utf-8"), "py")]
    assert len(blocks) == 4
    code = "".join(blocks).replace("http://127.0.0.1:8000/v1", served.url)
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(code, str(page), "exec"), {})
    assert out.getvalue().startswith("processed beacon:")
