"""Ids to text piece by piece: whole characters, and stop strings that span tokens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from beacon_qa.textstream import TextStream


def as_bytes(ids: Sequence[int]) -> str:
    """A byte a token: the hardest case for whole characters."""
    return bytes(ids).decode("utf-8", errors="replace")


def told(text: str, stop: Sequence[str] = ()) -> list[str]:
    stream = TextStream(as_bytes, stop)
    pieces = [stream.add(byte) for byte in text.encode()]
    return [*pieces, stream.end()]


@pytest.mark.parametrize("text", ["plain", "Straße “x”", "日本語のテキスト", "🙂👩‍🚀 done", ""])
def test_pieces_make_the_text_and_never_hold_a_broken_character(text: str) -> None:
    pieces = told(text)
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_text_is_told_as_soon_as_it_is_certain() -> None:
    assert told("aé") == ["a", "", "é", ""]


def test_bytes_that_never_become_a_character_are_told_at_the_end() -> None:
    stream = TextStream(as_bytes)
    assert stream.add("é".encode()[0]) == ""
    assert stream.end() == "\ufffd"


@pytest.mark.parametrize(
    ("text", "stop", "kept"),
    [
        ("Yes. Question: no", ["Question:"], "Yes. "),
        ("aaab", ["aab"], "a"),
        ("abcabd", ["abd"], "abc"),
        ("one two", ["three"], "one two"),
        ("x STOP y END", ["END", "STOP"], "x "),
        ("é|é", ["|é"], "é"),
        ("text", [""], "text"),
    ],
)
def test_the_text_ends_before_the_first_stop_string(text: str, stop: list[str], kept: str) -> None:
    assert "".join(told(text, stop)) == kept


def test_a_beginning_of_a_stop_string_that_comes_to_nothing_is_told() -> None:
    assert "".join(told("ab", ["abc"])) == "ab"
    stream = TextStream(as_bytes, ["abc"])
    assert [stream.add(byte) for byte in b"abd"] == ["", "", "abd"]
    assert not stream.stopped


def test_nothing_is_told_after_a_stop_string() -> None:
    stream = TextStream(as_bytes, ["!"])
    assert [stream.add(byte) for byte in b"a!b"] == ["a", "", ""]
    assert stream.stopped
    assert stream.end() == ""
