"""What is kept of LangChain's answers is told again only for the same book, text and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chats import FEW
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from small_documents import make_document

from beacon_qa.errors import AnswerTimeout
from beacon_qa.langchain import BeaconLLM, ChatBeacon
from beacon_qa.reader import Reader


def test_answers_that_look_back_in_other_ways_share_no_cache(reader: Reader) -> None:
    book, cache = replace(reader, ratio=4).read(make_document()), InMemoryCache()
    for way in ("on", "off", "on"):
        ChatBeacon(book=book, **FEW, look_back=way, cache=cache).invoke("Who?")
    assert len(cache._cache) == 2
    # What a call asks for counts, not what was set.
    ChatBeacon(book=book, **FEW, look_back="on", cache=cache).invoke("Who?", look_back="off")
    assert len(cache._cache) == 2


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


async def test_the_time_of_a_call_counts_where_answers_are_cached(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Sentence {n} tells of whale {n * 7}." for n in range(1200)))
    for kind in (ChatBeacon, BeaconLLM):
        one = kind(**settings, **FEW, book=str(long), timeout=0.05, cache=InMemoryCache())
        with pytest.raises(AnswerTimeout, match=r"The 0\.05 seconds .* while reading long"):
            one.invoke("Who?")
        with pytest.raises(AnswerTimeout, match="while reading"):
            await one.ainvoke("Who?")
