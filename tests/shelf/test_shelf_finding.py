"""A book is found by what it is called: title, path, id, or a part of them."""

from __future__ import annotations

import pytest
from shelved import put, put_ready

from beacon_qa.errors import BookNotFound
from beacon_qa.shelf import Shelf


@pytest.mark.parametrize(
    "name",
    ["The Whale", "the whale", "The W", "whal", "/books/The Whale.txt"],
    ids=["title", "other case", "beginning", "part", "path"],
)
def test_a_book_is_found_by_what_it_is_called(shelf: Shelf, name: str) -> None:
    record = put(shelf)
    put(shelf, "Emma")
    assert shelf.find(name).id == record.id


def test_a_book_is_found_by_its_id_and_the_beginning_of_it(shelf: Shelf) -> None:
    record = put(shelf)
    assert shelf.find(record.id).id == record.id
    assert shelf.find(record.id[:5].upper()).id == record.id


def test_a_name_of_several_books_lists_them(shelf: Shelf) -> None:
    first, second = put(shelf, "Emma, volume 1"), put(shelf, "Emma, volume 2")
    with pytest.raises(BookNotFound, match="could mean 2 books") as caught:
        shelf.find("emma")
    assert first.id in str(caught.value)
    assert second.id in str(caught.value)
    assert shelf.find("volume 2").id == second.id


def test_a_whole_title_goes_before_titles_that_contain_it(shelf: Shelf) -> None:
    whole = put(shelf, "Emma")
    put(shelf, "Emma and Harriet")
    assert shelf.find("Emma").id == whole.id


def test_of_several_memories_of_a_text_the_models_own_is_found(shelf: Shelf) -> None:
    first, second = put(shelf, model="m1"), put(shelf, model="m2")
    assert shelf.find("The Whale", model_key="m1").id == first.id
    assert shelf.find("The Whale", model_key="m2").id == second.id


@pytest.mark.parametrize("name", ["nothing like it", "", "\0", "x" * 5000])
def test_an_unknown_name_is_refused(shelf: Shelf, name: str) -> None:
    put(shelf)
    with pytest.raises(BookNotFound):
        shelf.find(name)


def test_a_title_is_found_whatever_its_punctuation(shelf: Shelf) -> None:
    record = put(shelf, "Moby-Dick; or, The Whale")
    assert shelf.find("moby dick").id == shelf.find("the whale").id == record.id
    with pytest.raises(BookNotFound):
        shelf.find("moby duck")


def test_of_several_memories_of_a_text_one_that_is_ready_is_found(shelf: Shelf) -> None:
    ready = put_ready(shelf)
    failed = put(shelf, ratio="8")
    shelf.update(failed.id, state="failed", reason="The disk was full.")
    assert shelf.find("The Whale").id == ready.id
