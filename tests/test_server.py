"""The server as OpenAI's client and LangChain's use it, with the built-in model."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from brake import Brake
from doc_pages import ROOT, fences
from doc_samples import write_samples
from documents.document_files import pdf
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests.chat_models import magic_function
from openai import OpenAI
from pydantic import SecretStr
from serving import Served, serving, until
from small_documents import make_document

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.reader import Reader

TOOL_MODEL = Path(__file__).parent / "fixtures" / "tool-model"
KEY = SecretStr("none")
WHO: Any = {"role": "user", "content": "What does sentence 7 tell of?"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The built-in model with an own shelf."""
    return Reader.load(shelf=tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def book(reader: Reader) -> Book:
    """A book of a few windows, on twelve pages in three chapters."""
    return reader.read(make_document(60))


@pytest.fixture(scope="module")
def served(reader: Reader, book: Book) -> Iterator[Served]:
    with serving(reader) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: Served) -> OpenAI:
    return served.client()


@pytest.fixture(scope="module")
def model(book: Book) -> str:
    """The name that the book is asked by."""
    return f"beacon:{book.id}"


def upload(client: OpenAI, name: str, text: str | bytes, **options: Any) -> Any:
    """A file that is read to its end, or not readable."""
    data = text.encode() if isinstance(text, str) else text
    file = client.files.create(file=(name, data), purpose="user_data", **options)
    return client.files.wait_for_processing(file.id, poll_interval=0.05)


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
    answer = book.ask(WHO["content"], sampling=Sampling(16))
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
    word = whole.split()[2]
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


def test_a_file_is_uploaded_read_asked_and_deleted(client: OpenAI) -> None:
    text = "\n\n".join(f"On day {day} the mate counted {day * 7} barrels." for day in range(30))
    begun = client.files.create(file=("log/mate.txt", text.encode()), purpose="user_data")
    assert (begun.filename, begun.bytes) == ("mate.txt", len(text))
    assert begun.status in ("uploaded", "processing")
    file: Any = client.files.wait_for_processing(begun.id, poll_interval=0.05)
    assert (file.status, file.status_details) == ("processed", None)
    assert (file.beacon["title"], file.beacon["coverage"]) == ("mate", 1.0)
    assert client.files.create(file=("b.txt", text.encode()), purpose="user_data").id == file.id
    assert [each.id for each in client.files.list(limit=1)] == [file.id]

    parts: Any = [
        {"type": "text", "text": "How many barrels?"},
        {"type": "file", "file": {"file_id": file.id}},
    ]
    by_part = client.chat.completions.create(
        model="built-in", messages=[{"role": "user", "content": parts}], max_tokens=6
    )
    by_name = client.chat.completions.create(
        model=file.beacon["model"],
        messages=[{"role": "user", "content": "How many barrels?"}],
        max_tokens=6,
    )
    assert by_part.choices == by_name.choices
    assert client.files.delete(file.id).deleted
    assert file.beacon["model"] not in [each.id for each in client.models.list()]
    for gone in (client.files.retrieve, client.files.delete, client.files.content):
        with pytest.raises(openai.NotFoundError, match="was uploaded here"):
            gone(file.id)


def test_a_file_that_cannot_be_read_says_why_and_takes_its_password(client: OpenAI) -> None:
    data = pdf([["A secret whale."]], password="harpoon")
    file = upload(client, "secret.pdf", data)
    assert file.status == "error"
    assert "password" in file.status_details
    assert file.beacon["reason"] == file.status_details
    part: Any = {"role": "user", "content": [{"type": "file", "file": {"file_id": file.id}}]}
    with pytest.raises(openai.BadRequestError, match=r"secret\.pdf was not read"):
        client.chat.completions.create(model="built-in", messages=[part])
    opened = upload(client, "secret.pdf", data, extra_body={"password": "harpoon"})
    assert (opened.id, opened.status) == (file.id, "processed")


def test_a_book_is_asked_while_it_is_being_read(
    client: OpenAI, reader: Reader, tmp_path: Path
) -> None:
    text = make_document(400).text + "The end."
    with Brake(tmp_path / "brake").on(reader.engine.model) as brake:
        brake.hold(0)
        file: Any = client.files.create(file=("long.txt", text.encode()), purpose="assistants")
        named = {"type": "file", "file": {"file_id": file.id}}
        part: Any = [{"type": "text", "text": WHO["content"]}, named]
        asked: Any = {"model": "built-in", "messages": [{"role": "user", "content": part}]}
        with pytest.raises(openai.ConflictError, match="not read yet") as refused:
            client.chat.completions.create(**asked)
        assert refused.value.response.headers["retry-after"]
        brake.wait_until_held()
        brake.hold(3)
        brake.wait_until_held()
        told: Any = client.chat.completions.create(**asked, max_tokens=2)
        coverage = told.beacon["coverage"]
        assert coverage["windows"] == 3 < coverage["total_windows"]
        assert not coverage["complete"]
        assert told.usage.prompt_tokens_details.cached_tokens == coverage["tokens"]
        now: Any = client.files.retrieve(file.id)
        assert (now.status, now.beacon["state"]) == ("processing", "reading")
        assert now.beacon["seconds_left"] > 0
    assert client.files.delete(file.id).deleted


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"model": "gpt-5"}, openai.NotFoundError, "no model 'gpt-5'"),
        ({"model": "beacon:../../x"}, openai.NotFoundError, "no model"),
        ({"n": 2}, openai.BadRequestError, "n is '2'"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format"),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
        ({"max_tokens": 10**6}, openai.BadRequestError, "4096 tokens at most"),
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "ghost", "content": "x"}]}, openai.BadRequestError, "ghost"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, openai.BadRequestError, "end with"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            openai.BadRequestError,
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            openai.BadRequestError,
            "file_id",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-0"}}]}
                ]
            },
            openai.NotFoundError,
            "file-0",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "look"}}]},
            openai.BadRequestError,
            "knows no tools",
        ),
        ({"extra_body": {"beacon": {"as_of": "page 1", "x": 1}}}, openai.BadRequestError, "beacon"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_cannot_be_answered_is_refused_in_openais_shape(
    client: OpenAI, model: str, change: dict[str, Any], error: type[openai.APIError], said: str
) -> None:
    for stream in (False, True):
        asked: Any = {"model": model, "messages": [WHO], "stream": stream, **change}
        with pytest.raises(error, match=said) as refused:
            client.chat.completions.create(**asked)
        assert set(refused.value.body) == {"message", "type", "param", "code"}  # type: ignore[call-overload]


def test_malformed_requests_are_refused_in_openais_shape(served: Served) -> None:
    chat = f"{served.url}/chat/completions"
    odd = [
        httpx.post(chat, content=b"{", headers={"content-type": "application/json"}),
        httpx.post(chat, content=b"model=x", headers={"content-type": "text/plain"}),
        httpx.post(chat, json=[]),
        httpx.get(f"{served.url}/files?limit=0"),
        httpx.post(f"{served.url}/files", files={"file": b"x"}, data={"purpose": "fine-tune"}),
    ]
    assert [each.status_code for each in odd] == [400] * 5
    missing = [httpx.get(f"{served.url}/nothing"), httpx.get(chat)]
    assert [each.status_code for each in missing] == [404, 405]
    for each in (*odd, *missing):
        assert each.json()["error"]["message"]
        assert each.headers["x-request-id"]


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
