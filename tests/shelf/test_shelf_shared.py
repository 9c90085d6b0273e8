"""A shelf that several use at once: threads, real second processes, machines."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from shelved import put

from beacon_qa.errors import ShelfError
from beacon_qa.shelf import Shelf


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
    here = Path(__file__).parents[1]
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
        root = str(Path(__file__).parents[2])
        return subprocess.check_output(program, text=True, env={"PYTHONPATH": root}).strip()

    with shelf.reading(record.id) as held:
        assert held
        shelf.update(record.id, state="reading")
        assert Shelf(shelf.root).get(record.id).state == "reading"
        assert another_may_read() == "False"
    assert another_may_read() == "True"


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
