"""LangChain models, loader and tool over a real tiny model and real books."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from doc_samples import write_samples
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory
from pydantic import ValidationError
from small_documents import make_document
from test_langchain_conformance import TOOL_MODEL

from beacon_qa import open_document
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.engine import Engine
from beacon_qa.errors import AnswerTimeout, BookNotFound, MessageError, ModelError
from beacon_qa.langchain import BeaconBookLoader, BeaconLLM, ChatBeacon, ask_book_tool
from beacon_qa.reader import Reader

FEW = {"max_tokens": 8}
ENDLESS = {"max_tokens": 100_000}


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text of a dozen windows."""
    path = tmp_path / "whale.txt"
    path.write_text("\n\n".join(f"Sentence {n} tells of whale {n * 7}." for n in range(20)))
    return path


@pytest.fixture
def settings(tiny_checkpoint: Path, tmp_path: Path) -> dict[str, Any]:
    return {"model": str(tiny_checkpoint), "device": "cpu", "shelf": str(tmp_path / "books")}


@pytest.fixture
def chat(settings: dict[str, Any], text_file: Path) -> ChatBeacon:
    return ChatBeacon(**settings, **FEW, book=str(text_file))


@pytest.fixture
def passes(chat: ChatBeacon) -> Iterator[list[int]]:
    """How many passes of the model there were, as long as it is watched."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1

    model = engine_of(chat).model
    hook = model.register_forward_pre_hook(count)
    yield seen
    hook.remove()


@pytest.fixture(scope="module")
def doc_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_samples(folder)
    return folder


def engine_of(chat: ChatBeacon) -> Engine:
    book = chat.read()
    assert book is not None
    return book.engine


def opened(chat: ChatBeacon) -> Book:
    book = chat.read()
    assert book is not None
    return book


def like(chat: ChatBeacon, **changes: Any) -> ChatBeacon:
    return ChatBeacon(**{name: getattr(chat, name) for name in chat.model_fields_set} | changes)


def wait_for_the_model() -> None:
    """Until no thread decodes any more."""
    for thread in threading.enumerate():
        if "(_work)" in thread.name:
            thread.join(60)
            assert not thread.is_alive()


def test_a_question_is_answered_as_the_book_answers_it(chat: ChatBeacon) -> None:
    book = opened(chat)
    told = chat.invoke("Who tells of the whale?")
    assert told.content == book.ask("Who tells of the whale?", sampling=Sampling(8)).text
    assert book.coverage.complete


def test_the_book_is_read_once(chat: ChatBeacon, passes: list[int]) -> None:
    chat.invoke("Who?", max_tokens=1)
    after_first = passes[0]
    chat.invoke("Who?", max_tokens=1)
    assert passes[0] - after_first == after_first
    windows = opened(chat).coverage.windows
    assert after_first < windows


def test_follow_up_messages_are_answered_from_memory(chat: ChatBeacon) -> None:
    tokens = opened(chat).memory.tokens
    said = [HumanMessage("Who?"), AIMessage("The mate."), HumanMessage("How many?")]
    usage = chat.invoke(said).usage_metadata
    again = chat.invoke([*said, AIMessage("Seven."), HumanMessage("Why?")]).usage_metadata
    assert usage is not None
    assert again is not None
    assert usage["input_token_details"]["cache_read"] == tokens
    # The first two turns are in memory as well now; only what was said since is read.
    assert again["input_token_details"]["cache_read"] > tokens
    assert again["input_token_details"]["cache_creation"] < again["input_tokens"] - tokens


def test_history_may_exceed_the_window(chat: ChatBeacon) -> None:
    long = [HumanMessage("Tell me. " * 200), AIMessage("Yes. " * 200), HumanMessage("Why?")]
    usage = chat.invoke(long).usage_metadata
    assert usage is not None
    assert usage["input_token_details"]["cache_creation"] > 10 * engine_of(chat).window


def test_usage_counts_what_came_from_memory_and_what_was_read(chat: ChatBeacon) -> None:
    usage = chat.invoke("Who?").usage_metadata
    assert usage is not None
    details = usage["input_token_details"]
    assert details["cache_read"] == opened(chat).memory.tokens
    assert details["cache_read"] + details["cache_creation"] == usage["input_tokens"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert 0 < usage["output_tokens"] <= 8


def test_metadata_tells_what_the_answer_was_told_from(chat: ChatBeacon) -> None:
    told = chat.invoke("Who?").response_metadata
    book = opened(chat)
    assert told["model_name"] == chat.model
    assert told["book_id"] == book.id
    assert told["ratio"] == book.record.ratio
    assert told["coverage"] == str(book.coverage)
    assert told["coverage_counts"]["tokens"] == book.memory.tokens
    assert told["finish_reason"] in ("stop", "length")
    assert told["evidence_pages"] == []  # a text file has none
    assert isinstance(told["evidence"], list)


def test_evidence_names_the_pages(reader: Reader) -> None:
    chat = ChatBeacon(book=reader.read(make_document()), **FEW)
    told = chat.invoke("Who?").response_metadata
    labels = {page.label for page in make_document().pages}
    assert set(told["evidence_pages"]) <= labels
    assert len(told["evidence_pages"]) == len({one["page"] for one in told["evidence"]})


@pytest.mark.parametrize("kind", [ChatBeacon, BeaconLLM])
def test_looking_back_is_a_setting_and_an_option_of_a_call(reader: Reader, kind: Any) -> None:
    book = replace(reader, ratio=4).read(make_document())

    def told(model: Any, **options: Any) -> dict[str, Any]:
        result = model.generate(
            [[HumanMessage("Who?")] if kind is ChatBeacon else "Who?"], **options
        )
        generation = result.generations[0][0]
        if kind is BeaconLLM:
            return dict(generation.generation_info)
        return dict(generation.message.response_metadata)

    always = kind(book=book, **FEW, look_back="on")
    asked = book.ask("Who?", sampling=Sampling(8), look_back="on")
    assert asked.text
    again = told(always)["read_again"]
    assert again == [asdict(passage) for passage in asked.read_again] != []
    assert told(always, look_back="off")["read_again"] == []
    never = kind(book=book, **FEW, look_back="off")
    assert told(never)["read_again"] == []
    assert told(never)["evidence_pages"]
    assert told(never, look_back="on")["read_again"] == again
    with pytest.raises(ModelError, match="look_back is 'maybe'"):
        told(never, look_back="maybe")
    with pytest.raises(ValidationError):
        kind(book=book, look_back="maybe")


def test_answers_that_look_back_in_other_ways_share_no_cache(reader: Reader) -> None:
    book, cache = replace(reader, ratio=4).read(make_document()), InMemoryCache()
    for way in ("on", "off", "on"):
        ChatBeacon(book=book, **FEW, look_back=way, cache=cache).invoke("Who?")
    assert len(cache._cache) == 2
    # What a call asks for counts, not what was set.
    ChatBeacon(book=book, **FEW, look_back="on", cache=cache).invoke("Who?", look_back="off")
    assert len(cache._cache) == 2


def test_a_book_at_hand_looks_back_as_its_reader_does(reader: Reader) -> None:
    engine = replace(reader.engine, look_back="on")
    book = replace(reader, engine=engine, ratio=4).read(make_document())
    assert ChatBeacon(book=book, **FEW).invoke("Who?").response_metadata["read_again"]


def test_a_stream_tells_the_same_and_ends_with_its_numbers(chat: ChatBeacon) -> None:
    whole = chat.invoke("Who?")
    chunks = list(chat.stream("Who?"))
    told = chunks[0]
    for chunk in chunks[1:]:
        told += chunk
    assert told.content == whole.content
    assert told.usage_metadata == whole.usage_metadata
    assert chunks[-1].chunk_position == "last"
    assert [bool(chunk.usage_metadata) for chunk in chunks].count(True) == 1
    assert {**whole.response_metadata, "evidence": []} == {
        **told.response_metadata,
        "evidence": [],
    }


def test_a_chain_of_prompt_model_and_parser(chat: ChatBeacon) -> None:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Answer as a {who}."), ("human", "{question}")]
    )
    chain = prompt | chat | StrOutputParser()
    told = chain.invoke({"who": "sailor", "question": "Who?"})
    asked = opened(chat).ask("Answer as a sailor.\n\nWho?", sampling=Sampling(8))
    assert told == asked.text
    assert "".join(chain.stream({"who": "sailor", "question": "Who?"})) == told


# Deprecated in LangChain, and still in the programs of many.
@pytest.mark.filterwarnings("ignore:.* (was|is) deprecated")
def test_a_conversation_with_message_history(chat: ChatBeacon) -> None:
    histories: dict[str, InMemoryChatMessageHistory] = {}
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("past"), ("human", "{q}")])
    talk = RunnableWithMessageHistory(
        prompt | chat,
        lambda session: histories.setdefault(session, InMemoryChatMessageHistory()),
        input_messages_key="q",
        history_messages_key="past",
    )
    one: Any = {"configurable": {"session_id": "one"}}
    two: Any = {"configurable": {"session_id": "two"}}
    first = talk.invoke({"q": "Who?"}, config=one)
    second = talk.invoke({"q": "How many?"}, config=one)
    alone = talk.invoke({"q": "How many?"}, config=two)
    assert len(histories["one"].messages) == 4
    assert histories["one"].messages[1].content == first.content
    direct = chat.invoke([HumanMessage("Who?"), first, HumanMessage("How many?")])
    assert second.content == direct.content
    assert second.usage_metadata["input_tokens"] > alone.usage_metadata["input_tokens"]


def test_a_batch_of_eight_questions_is_answered_as_one_by_one(chat: ChatBeacon) -> None:
    questions = [f"Who tells of whale {number}?" for number in range(8)]
    told = chat.batch(questions, config={"max_concurrency": 4})
    assert [one.content for one in told] == [chat.invoke(one).content for one in questions]


async def test_an_asynchronous_batch_reads_the_book_once(
    settings: dict[str, Any], text_file: Path
) -> None:
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    told = await chat.abatch([f"Who is {number}?" for number in range(8)])
    assert len(told) == 8
    assert {one.response_metadata["book_id"] for one in told} == {opened(chat).id}


async def test_events_of_a_chain_are_streamed(chat: ChatBeacon) -> None:
    chain = ChatPromptTemplate.from_template("{question}") | chat | StrOutputParser()
    events = [event async for event in chain.astream_events({"question": "Who?"}, version="v2")]
    pieces = [
        event["data"]["chunk"].content
        for event in events
        if event["event"] == "on_chat_model_stream"
    ]
    assert "".join(pieces) == chat.invoke("Who?").content
    (end,) = [event for event in events if event["event"] == "on_chat_model_end"]
    assert end["data"]["output"].usage_metadata["output_tokens"] > 0


def test_callbacks_see_each_piece_and_the_end(chat: ChatBeacon) -> None:
    class Watch(BaseCallbackHandler):
        def __init__(self) -> None:
            self.pieces: list[str] = []
            self.ends = 0

        def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.pieces.append(str(token))

        def on_llm_end(self, response: Any, **_: Any) -> None:
            self.ends += 1

    streaming = like(chat, streaming=True)
    watch = Watch()
    told = streaming.invoke("Who?", config={"callbacks": [watch]})
    assert "".join(watch.pieces) == told.content
    assert len(watch.pieces) > 2
    assert watch.ends == 1


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_a_stop_string_that_spans_tokens_ends_the_answer_and_is_left_out(
    chat: ChatBeacon, size: int
) -> None:
    whole = str(chat.invoke("Who?", max_tokens=24).content)
    middle = len(whole) // 2
    stop = whole[middle : middle + size]
    told = chat.invoke("Who?", max_tokens=24, stop=[stop])
    assert told.content == whole[: whole.index(stop)]
    assert told.response_metadata["finish_reason"] == "stop"
    always = like(chat, stop=[stop])
    assert always.invoke("Who?", max_tokens=24).content == told.content
    assert "".join(str(c.content) for c in always.stream("Who?", max_tokens=24)) == told.content


def test_two_books_never_share_a_cached_answer(
    settings: dict[str, Any], text_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text().replace("whale", "shark"))
    cache = InMemoryCache()
    for kind in (ChatBeacon, BeaconLLM):
        cache.clear()
        first = kind(**settings, **FEW, book=str(text_file), cache=cache)
        second = kind(**settings, **FEW, book=str(other), cache=cache)
        same = kind(**settings, **FEW, book=str(text_file), cache=cache)
        told = [str(one.invoke("Who?")) for one in (first, second, same)]
        books = [one.read() for one in (first, second, same)]
        assert books[0].id == books[2].id != books[1].id  # type: ignore[union-attr]
        assert told[0].split(" id=")[0] == told[2].split(" id=")[0]
        assert len(cache._cache) == 2


def test_a_book_as_of_an_earlier_page_shares_no_cached_answer(reader: Reader) -> None:
    cache = InMemoryCache()
    whole = reader.read(make_document())
    for book in (whole, whole.as_of(3), whole):
        ChatBeacon(book=book, **FEW, cache=cache).invoke("Who?")
    assert len(cache._cache) == 2


def test_a_file_that_changed_shares_no_cached_answer(
    settings: dict[str, Any], text_file: Path
) -> None:
    cache = InMemoryCache()
    for text in (text_file.read_text(), "Another text. " * 40):
        text_file.write_text(text)
        ChatBeacon(**settings, **FEW, book=str(text_file), cache=cache).invoke("Who?")
    assert len(cache._cache) == 2


async def test_a_cache_for_all_is_used_by_asynchronous_calls(chat: ChatBeacon) -> None:
    cache = InMemoryCache()
    set_llm_cache(cache)
    try:
        first = await chat.ainvoke("Who?")
        again = await chat.ainvoke("Who?")
        other = await chat.ainvoke("Who?", temperature=0.5)
    finally:
        set_llm_cache(None)
    assert first.content == again.content
    assert other is not first
    assert len(cache._cache) == 2


def test_a_timeout_stops_the_model(chat: ChatBeacon, passes: list[int]) -> None:
    with pytest.raises(AnswerTimeout, match="over while answering"):
        chat.invoke("Who?", timeout=0.2, **ENDLESS)
    wait_for_the_model()
    assert passes[0] < ENDLESS["max_tokens"] / 10
    with pytest.raises(TimeoutError):
        list(chat.stream("Who?", timeout=0.2, **ENDLESS))


def test_a_timeout_ends_the_reading_which_goes_on_later(
    settings: dict[str, Any], text_file: Path
) -> None:
    text_file.write_text("The whale was seen again, and it was white. " * 200)
    chat = ChatBeacon(**settings, **FEW, book=str(text_file), timeout=0.01)
    with pytest.raises(AnswerTimeout, match="over while reading whale"):
        chat.invoke("Who?")
    seen: list[int] = []
    book = chat.read(on_progress=lambda progress: seen.append(progress.windows))
    assert book is not None
    assert book.coverage.complete
    assert len(seen) <= book.coverage.windows


def test_a_call_that_waits_for_another_to_read_the_book_keeps_its_time(
    settings: dict[str, Any], text_file: Path
) -> None:
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    told: list[BaseException] = []

    def ask() -> None:
        try:
            chat.invoke("Who?", timeout=0.01)
        except AnswerTimeout as error:
            told.append(error)

    def wait(progress: Any) -> None:
        if not told:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join(60)

    assert chat.read(on_progress=wait) is not None
    assert "while another one reads" in str(told[0])


async def test_cancelling_an_asynchronous_stream_stops_the_model(
    chat: ChatBeacon, passes: list[int]
) -> None:
    stream = chat.astream("Who?", **ENDLESS)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.to_thread(wait_for_the_model)
    assert passes[0] < ENDLESS["max_tokens"] / 10


async def test_cancelling_an_asynchronous_call_stops_the_model(
    chat: ChatBeacon, passes: list[int]
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    hook = engine_of(chat).model.register_forward_pre_hook(
        lambda *_: loop.call_soon_threadsafe(begun.set)
    )
    task = asyncio.create_task(chat.ainvoke("Who?", **ENDLESS))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hook.remove()
    await asyncio.to_thread(wait_for_the_model)
    assert passes[0] < ENDLESS["max_tokens"] / 10


def test_a_stream_that_is_left_stops_the_model(chat: ChatBeacon, passes: list[int]) -> None:
    stream = chat.stream("Who?", **ENDLESS)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    wait_for_the_model()
    assert passes[0] < ENDLESS["max_tokens"] / 10


def test_a_model_is_loaded_once_for_all_that_ask(
    settings: dict[str, Any], chat: ChatBeacon
) -> None:
    other = ChatBeacon(**settings, **FEW).with_book(chat.book)
    assert engine_of(other) is engine_of(chat)
    assert opened(copy.deepcopy(chat)).id == opened(chat).id


def test_with_book_takes_a_path_an_id_a_title_a_book_or_none(
    settings: dict[str, Any], text_file: Path
) -> None:
    bare = ChatBeacon(**settings, **FEW)
    book = opened(bare.with_book(text_file))
    for name in (book.id, book.title, book):
        assert opened(bare.with_book(name)).id == book.id
    assert bare.with_book(book).with_book(None).read() is None
    assert bare.with_book(book).max_tokens == 8


def test_a_book_that_is_not_there_is_refused_with_a_sentence(settings: dict[str, Any]) -> None:
    with pytest.raises(BookNotFound, match="nowhere"):
        ChatBeacon(**settings, book="nowhere").invoke("Who?")


def test_another_model_may_be_named_in_a_call(chat: ChatBeacon) -> None:
    told = chat.invoke("Who?", model="built-in")
    assert told.response_metadata["model_name"] == "built-in"
    assert told.response_metadata["book_id"] != opened(chat).id
    with pytest.raises(ModelError, match="cannot be answered"):
        chat.with_book(opened(chat)).invoke("Who?", model="built-in")


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1}, {"max_tokens": 0}, {"top_p": 2}, {"max_retries": -1}]
)
def test_settings_out_of_range_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatBeacon(**wrong)


def test_messages_that_are_not_text_are_refused(chat: ChatBeacon) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(MessageError, match="image_url"):
        chat.invoke([HumanMessage([picture])])


def test_a_prompt_to_the_text_model_is_a_question(
    settings: dict[str, Any], text_file: Path
) -> None:
    llm = BeaconLLM(**settings, **FEW, book=str(text_file))
    chat = ChatBeacon(**settings, **FEW, book=str(text_file))
    assert llm.invoke("Who?") == chat.invoke("Who?").content
    assert "".join(llm.stream("Who?")) == llm.invoke("Who?")
    assert llm.batch(["Who?", "What?"]) == [llm.invoke("Who?"), llm.invoke("What?")]
    (told,) = llm.generate(["Who?"]).generations[0]
    assert told.generation_info is not None
    assert told.generation_info["usage"]["input_token_details"]["cache_read"] > 0
    assert told.generation_info["coverage"]


async def test_the_text_model_answers_asynchronously(
    settings: dict[str, Any], text_file: Path
) -> None:
    llm = BeaconLLM(**settings, **FEW, book=str(text_file))
    told = await llm.ainvoke("Who?")
    assert told == llm.invoke("Who?")
    assert "".join([piece async for piece in llm.astream("Who?")]) == told


def test_a_model_without_tools_says_so(chat: ChatBeacon) -> None:
    with pytest.raises(NotImplementedError, match="knows no tools"):
        chat.bind_tools([ask_book_tool("x.txt")])
    with pytest.raises(NotImplementedError, match="ask_book_tool"):
        ChatBeacon(device="cpu").with_structured_output({"title": "A", "type": "object"})


def test_tools_are_called_and_their_results_answered() -> None:
    def get_weather(location: str) -> str:
        """Get the weather at a location."""
        return f"Sunny in {location}."

    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu")
    bound = chat.bind_tools([get_weather])
    question = HumanMessage("What is the weather in San Francisco, CA?")
    told = bound.invoke([question])
    (call,) = told.tool_calls
    assert call["name"] == "get_weather"
    result = ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"])
    ended = bound.invoke([question, told, result])
    assert ended.content
    assert ended.tool_calls == []


def test_a_broken_call_is_told_as_invalid(settings: dict[str, Any]) -> None:
    """With few tokens the model cannot finish its call."""
    tool = {"name": "magic_function", "description": "Apply a magic function to an input."}
    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu", max_tokens=2)
    bound = chat.bind_tools([tool], tool_choice="any")
    told = bound.invoke("What is the value of magic_function(3)? Use the tool.")
    assert told.tool_calls == []
    assert "not JSON" in str(told.invalid_tool_calls[0]["error"])
    pieces = list(bound.stream("What is the value of magic_function(3)? Use the tool."))
    streamed = pieces[0]
    for piece in pieces[1:]:
        streamed += piece
    assert streamed.tool_calls == []
    assert len(streamed.invalid_tool_calls) == 1


@pytest.mark.parametrize("choice", ["fly", {"type": "function", "function": {"name": "fly"}}])
def test_a_choice_of_no_tool_is_refused(choice: Any) -> None:
    chat = ChatBeacon(model=str(TOOL_MODEL), device="cpu")
    tool = {"name": "swim", "description": "Swim."}
    with pytest.raises(MessageError, match="fly"):
        chat.bind_tools([tool], tool_choice=choice)


def test_documents_a_page_and_a_chapter(doc_files: Path) -> None:
    pages = BeaconBookLoader(doc_files / "report.pdf").load()
    assert [page.metadata["page"] for page in pages][:2] == ["i", "1"]
    assert all(page.metadata["title"] == "Report" for page in pages)
    chapters = list(BeaconBookLoader(doc_files / "moby-dick.epub", by="chapter").lazy_load())
    titles = [one.metadata["chapter"] for one in chapters if one.metadata["chapter"]]
    assert titles[:2] == ["Loomings", "The Carpet-Bag"]
    assert "told in chapter 1" in chapters[titles.index("Loomings")].page_content


def test_the_loader_loses_no_text(doc_files: Path) -> None:
    for name in ("moby-dick.epub", "notes.txt"):
        whole = open_document(doc_files / name).text
        for by in ("page", "chapter"):
            parts = BeaconBookLoader(doc_files / name, by=by).load()  # type: ignore[arg-type]
            told = "".join(part.page_content for part in parts)
            assert "".join(told.split()) == "".join(whole.split())


async def test_documents_are_loaded_asynchronously(doc_files: Path) -> None:
    loader = BeaconBookLoader(doc_files / "notes.txt")
    assert await loader.aload() == loader.load()
    with pytest.raises(ValueError, match="by is 'word'"):
        BeaconBookLoader("x", by="word")  # type: ignore[arg-type]


def test_an_agent_may_ask_a_book(chat: ChatBeacon) -> None:
    tool = ask_book_tool(chat)
    assert "whale" in tool.description
    told = tool.invoke({"question": "Who?"})
    assert told == chat.invoke("Who?").content
    call = {"name": "ask_book", "args": {"question": "Who?"}, "id": "1", "type": "tool_call"}
    message = tool.invoke(call)
    assert message.content == told
    assert message.artifact["usage"]["input_token_details"]["cache_read"] > 0


async def test_a_tool_tells_what_went_wrong(settings: dict[str, Any]) -> None:
    tool = ask_book_tool("nowhere", **settings)
    assert "nowhere" in await tool.ainvoke({"question": "Who?"})
    assert "nowhere" in tool.invoke({"question": "Who?"})
