"""Books taken from one shelf to another, and exports that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shelved import put, put_ready

from beacon_qa.errors import ShelfError
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.portable import export_book, import_book


def test_an_exported_book_is_the_same_on_another_shelf(shelf: Shelf, tmp_path: Path) -> None:
    record = put_ready(shelf)
    folder = export_book(shelf, record.id, tmp_path / "out")
    other = Shelf(tmp_path / "other")
    moved = import_book(other, folder)
    assert moved.id == record.id
    assert (moved.state, moved.tokens) == ("ready", 5)
    assert other.memory_path(moved.id).read_bytes() == shelf.memory_path(record.id).read_bytes()
    assert other.document(moved.id) == shelf.document(record.id)


def test_a_book_that_finds_no_room_is_left_to_be_read_here(shelf: Shelf, tmp_path: Path) -> None:
    record = put_ready(shelf)
    folder = export_book(shelf, record.id, tmp_path / "out")
    (folder / "memory.safetensors").write_bytes(bytes(1_000_000))
    small = Shelf(tmp_path / "small", quota=500_000)
    with pytest.raises(ShelfError, match="grow past"):
        import_book(small, folder)
    left = small.get(record.id)
    assert (left.state, left.tokens, left.total_tokens) == ("waiting", 0, 5)
    assert import_book(Shelf(tmp_path / "small"), folder).state == "ready"


def test_an_export_never_writes_over_files(shelf: Shelf, tmp_path: Path) -> None:
    record = put_ready(shelf)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ShelfError, match="not empty"):
        export_book(shelf, record.id, tmp_path / "out")


def test_an_unread_book_is_not_exported(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match="read it first"):
        export_book(shelf, put(shelf).id, tmp_path / "out")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../etc"},
        {"content_hash": "0" * 64},
        {"tokens": "many"},
        {"surprise": 1},
        {"title": None},
    ],
    ids=["id", "hash", "type", "column", "none"],
)
def test_a_damaged_export_is_refused(shelf: Shelf, tmp_path: Path, change: dict[str, str]) -> None:
    folder = export_book(shelf, put_ready(shelf).id, tmp_path / "out")
    header = json.loads((folder / "book.json").read_text())
    header["book"].update(change)
    (folder / "book.json").write_text(json.dumps(header))
    other = Shelf(tmp_path / "other")
    with pytest.raises(ShelfError):
        import_book(other, folder)
    assert other.books() == []


def test_a_folder_that_is_no_export_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match=r"book\.json"):
        import_book(shelf, tmp_path)
