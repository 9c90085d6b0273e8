"""The library on disk: real SQLite and real files, private, kept apart and taken away whole."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from shelved import put, put_ready
from small_documents import make_document

from beacon_qa.errors import ShelfError
from beacon_qa.shelf import Shelf, default_folder
from beacon_qa.shelf.book_record import MemoryKey
from beacon_qa.shelf.storage import inside


def test_a_book_is_there_after_the_shelf_is_opened_again(shelf: Shelf) -> None:
    record = put(shelf)
    again = Shelf(shelf.root)
    assert again.get(record.id) == record
    assert again.document(record.id) == make_document(30)
    assert (record.pages, record.chapters, record.state) == (3, 3, "waiting")


def test_the_same_text_model_ratio_and_template_are_one_book(shelf: Shelf) -> None:
    first, second = put(shelf), put(shelf)
    assert first == second
    assert len(shelf.books()) == 1


def test_another_model_or_ratio_makes_another_book_of_the_same_text(shelf: Shelf) -> None:
    ids = {put(shelf).id, put(shelf, model="m2").id, put(shelf, ratio="8").id}
    assert len(ids) == 3
    assert len(list((shelf.root / "documents").iterdir())) == 1


def test_ids_are_short_and_the_same_everywhere() -> None:
    assert MemoryKey("c", "m", "4", "t").book_id == MemoryKey("c", "m", "4", "t").book_id
    assert len(MemoryKey("c", "m", "4", "t").book_id) == 8


def test_files_are_private(shelf: Shelf) -> None:
    record = put(shelf)
    shelf.conversations.start(record.id)
    for path in [shelf.root, *shelf.root.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_removing_a_book_leaves_nothing_of_it(shelf: Shelf) -> None:
    record = put_ready(shelf)
    talk = shelf.conversations.start(record.id)
    shelf.partial_path(record.id).write_bytes(b"half")
    shelf.remove(record.id)
    assert shelf.books() == []
    assert not any((shelf.root / "memories").iterdir())
    assert not any((shelf.root / "partial").iterdir())
    assert not any((shelf.root / "documents").iterdir())
    with pytest.raises(ShelfError):
        shelf.conversations.get(talk.id)


def test_removing_one_memory_keeps_the_text_of_another(shelf: Shelf) -> None:
    first, second = put(shelf, model="m1"), put(shelf, model="m2")
    shelf.remove(first.id)
    assert shelf.document(second.id).title == "The Whale"


def test_a_book_being_read_is_not_removed(shelf: Shelf) -> None:
    record = put(shelf)
    with shelf.reading(record.id) as held:
        assert held
        with pytest.raises(ShelfError, match="is being read"):
            shelf.remove(record.id)
    assert shelf.get(record.id) == record


def test_a_book_is_read_by_one_at_a_time(shelf: Shelf) -> None:
    record = put(shelf)
    with shelf.reading(record.id) as first, shelf.reading(record.id) as second:
        assert (first, second) == (True, False)
    with shelf.reading(record.id) as third:
        assert third


def test_a_reading_whose_program_died_is_a_book_that_waits(shelf: Shelf) -> None:
    record = put(shelf)
    with shelf.reading(record.id):
        shelf.update(record.id, state="reading")
        assert shelf.get(record.id).state == "reading"
        assert shelf.books()[0].state == "reading"
    assert shelf.get(record.id).state == "waiting"


@pytest.mark.parametrize("name", ["../outside", "a/b", "/etc/passwd", "", ".", "..", "a\0b", "a.b"])
def test_no_name_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ShelfError):
        inside(tmp_path, name, ".json")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "in" / "book.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ShelfError):
        inside(tmp_path / "in", "book", ".json")


def test_a_full_shelf_says_so(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "small", quota=100_000)
    with pytest.raises(ShelfError, match="grow past"):
        shelf.room_for(1_000_000)
    Shelf(tmp_path / "small").room_for(1_000_000)


def test_the_size_counts_all_files(shelf: Shelf) -> None:
    before = shelf.size()
    record = put(shelf)
    shelf.memory_path(record.id).write_bytes(bytes(1_000_000))
    assert shelf.size() >= before + 1_000_000


def test_a_shelf_of_a_newer_program_is_left_alone(shelf: Shelf) -> None:
    with closing(sqlite3.connect(shelf.root / "shelf.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(ShelfError, match="newer version"):
        Shelf(shelf.root)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shelf.sqlite").write_text("not a database, but a text that is long enough" * 40)
    with pytest.raises(ShelfError, match="cannot be used"):
        Shelf(tmp_path)


def test_a_shelf_cannot_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfError):
        Shelf(tmp_path / "file")


def test_the_default_folder_follows_the_users_settings(tmp_path: Path) -> None:
    assert default_folder(tmp_path) == tmp_path / "beacon-qa"
    assert default_folder().parts[-3:] == (".local", "share", "beacon-qa")
