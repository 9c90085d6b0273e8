"""Conversations on the shelf: in order, cut, renamed, and only about books that are there."""

from __future__ import annotations

import pytest
from shelved import put

from beacon_qa.errors import ShelfError
from beacon_qa.shelf import Shelf


def test_conversations_are_kept_in_order(shelf: Shelf) -> None:
    talks = shelf.conversations
    talk = talks.start(put(shelf).id, "first", as_of="Loomings")
    talks.add(talk.id, "user", "Who?")
    talks.add(talk.id, "assistant", "Ahab.", {"usage": {"output_tokens": 2}})
    kept = Shelf(shelf.root).conversations.messages(talk.id)
    assert [(m.role, m.text) for m in kept] == [("user", "Who?"), ("assistant", "Ahab.")]
    assert kept[1].details == {"usage": {"output_tokens": 2}}
    assert talks.get(talk.id).as_of == "Loomings"


def test_a_conversation_can_be_cut_to_ask_again(shelf: Shelf) -> None:
    talks = shelf.conversations
    first, second = talks.start(put(shelf).id), talks.start(put(shelf).id)
    told = [talks.add(first.id, "user", text) for text in "abc"]
    talks.add(second.id, "user", "other")
    talks.cut(first.id, told[1].id)
    assert [m.text for m in talks.messages(first.id)] == ["a"]
    assert [m.text for m in talks.messages(second.id)] == ["other"]


def test_the_conversation_last_spoken_in_comes_first(shelf: Shelf) -> None:
    record = put(shelf)
    talks = shelf.conversations
    first, second = talks.start(record.id, "one"), talks.start(record.id, "two")
    talks.add(first.id, "user", "again")
    assert [talk.title for talk in talks.of_book(record.id)] == ["one", "two"]
    assert talks.rename(second.id, "three").title == "three"


def test_conversations_about_nothing_are_refused(shelf: Shelf) -> None:
    with pytest.raises(ShelfError):
        shelf.conversations.start("nothing1")
    with pytest.raises(ShelfError):
        shelf.conversations.add(99, "user", "hello")
