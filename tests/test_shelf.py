"""The library on disk: real SQLite, real files, real second processes."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from small_documents import make_document

from beacon_qa.errors import BookNotFound, ShelfError
from beacon_qa.shelf import Shelf, default_folder
from beacon_qa.shelf.book_record import BookRecord, MemoryKey
from beacon_qa.shelf.portable import export_book, import_book
from beacon_qa.shelf.storage import inside


def put(shelf: Shelf, title: str = "The Whale", model: str = "m1", ratio: str = "4") -> BookRecord:
    document = make_document(30, title)
    shelf.keep_document(document)
    key = MemoryKey(document.content_hash, model, ratio, "t1")
    return shelf.add(key, document, model_name=model, source=f"/books/{title}.txt")


def put_ready(shelf: Shelf, title: str = "The Whale") -> BookRecord:
    record = put(shelf, title)
    shelf.memory_path(record.id).write_bytes(b"memory of " + title.encode())
    return shelf.update(record.id, state="ready", nbytes=10, tokens=5, total_tokens=5)


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


def test_an_exported_book_is_the_same_on_another_shelf(shelf: Shelf, tmp_path: Path) -> None:
    record = put_ready(shelf)
    folder = export_book(shelf, record.id, tmp_path / "out")
    other = Shelf(tmp_path / "other")
    moved = import_book(other, folder)
    assert moved.id == record.id
    assert (moved.state, moved.tokens) == ("ready", 5)
    assert other.memory_path(moved.id).read_bytes() == shelf.memory_path(record.id).read_bytes()
    assert other.document(moved.id) == shelf.document(record.id)


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


def test_many_threads_share_a_shelf(shelf: Shelf) -> None:
    record = put(shelf)
    talk = shelf.conversations.start(record.id)

    def speak() -> None:
        for _ in range(5):
            shelf.conversations.add(talk.id, "user", "hello")

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelf.conversations.messages(talk.id)) == 20


def test_two_programs_make_and_use_one_shelf_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from beacon_qa.shelf import Shelf;"
        "from beacon_qa.shelf.book_record import MemoryKey;"
        "from small_documents import make_document;"
        "shelf = Shelf(Path(sys.argv[1]));"
        "docs = [make_document(6, f'{sys.argv[2]} {n}') for n in range(5)];"
        "[shelf.keep_document(d) for d in docs];"
        "[shelf.add(MemoryKey(d.content_hash, 'm', '4', 't'), d) for d in docs]"
    )
    here = Path(__file__).parent
    path = f"{here}:{here.parent}"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "new"), name],
            env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        )
        for name in ("one", "two")
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert len(Shelf(tmp_path / "new").books()) == 10


def test_a_book_being_read_is_claimed_for_other_programs_also_after_the_shelf_is_looked_at(
    shelf: Shelf,
) -> None:
    record = put(shelf)
    claim = (
        "import sys; from pathlib import Path; from beacon_qa.shelf import Shelf;"
        "claim = Shelf(Path(sys.argv[1])).reading(sys.argv[2]);"
        "print(claim.__enter__())"
    )

    def another_may_read() -> str:
        program = [sys.executable, "-c", claim, str(shelf.root), record.id]
        root = str(Path(__file__).parents[1])
        return subprocess.check_output(program, text=True, env={"PYTHONPATH": root}).strip()

    with shelf.reading(record.id) as held:
        assert held
        shelf.update(record.id, state="reading")
        assert Shelf(shelf.root).get(record.id).state == "reading"
        assert another_may_read() == "False"
    assert another_may_read() == "True"


def test_the_default_folder_follows_the_users_settings(tmp_path: Path) -> None:
    assert default_folder(tmp_path) == tmp_path / "beacon-qa"
    assert default_folder().parts[-3:] == (".local", "share", "beacon-qa")


def test_a_title_is_found_whatever_its_punctuation(shelf: Shelf) -> None:
    record = put(shelf, "Moby-Dick; or, The Whale")
    assert shelf.find("moby dick").id == shelf.find("the whale").id == record.id
    with pytest.raises(BookNotFound):
        shelf.find("moby duck")


def test_a_shared_shelf_has_no_log_and_is_never_given_one_back(shelf: Shelf) -> None:
    record = put(shelf)
    log = shelf.root / "shelf.sqlite-wal"

    def journal() -> str:
        with closing(sqlite3.connect(shelf.root / "shelf.sqlite")) as db:
            return str(db.execute("PRAGMA journal_mode").fetchone()[0])

    assert journal() == "wal"
    assert Shelf(shelf.root, shared=True).get(record.id) == record
    Shelf(shelf.root)
    assert journal() == "delete"
    assert not log.exists()


def test_a_shelf_in_use_is_not_made_a_shared_one(shelf: Shelf) -> None:
    with closing(sqlite3.connect(shelf.root / "shelf.sqlite")) as db:
        db.execute("BEGIN")
        db.execute("SELECT * FROM books").fetchall()
        with pytest.raises(ShelfError, match="is in use, and cannot be made one for several"):
            Shelf(shelf.root, shared=True)
    Shelf(shelf.root, shared=True)
