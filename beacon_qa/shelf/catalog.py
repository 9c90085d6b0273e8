"""The shelf's database: which books there are, and what was said about them.

Knows SQLite and rows; knows nothing of files, models or documents' contents. Each operation opens
its own connection, so that threads and processes may share one catalog; write-ahead logging lets
them read while another writes. That log works within one machine: a catalog that several machines
share has none, and is never given one back. `user_version` counts the migrations a database has
seen.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock

from beacon_qa.errors import ShelfError

_WAIT = 30.0
"""Seconds to wait for another program's write before giving up."""

_MAKING = Lock()

_MIGRATIONS = (
    """
    CREATE TABLE books (
        id TEXT PRIMARY KEY,
        content_hash TEXT NOT NULL,
        model_key TEXT NOT NULL,
        ratio TEXT NOT NULL,
        template TEXT NOT NULL,
        model_name TEXT NOT NULL,
        title TEXT NOT NULL,
        author TEXT NOT NULL,
        language TEXT NOT NULL,
        format TEXT NOT NULL,
        source TEXT NOT NULL,
        seams TEXT NOT NULL,
        pages INTEGER NOT NULL,
        chapters INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'reading', 'ready', 'failed')),
        reason TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        total_tokens INTEGER NOT NULL,
        windows INTEGER NOT NULL,
        total_windows INTEGER NOT NULL,
        kept INTEGER NOT NULL,
        nbytes INTEGER NOT NULL,
        created TEXT NOT NULL,
        updated TEXT NOT NULL,
        UNIQUE (content_hash, model_key, ratio, template)
    );
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        book_id TEXT NOT NULL REFERENCES books (id) ON DELETE CASCADE,
        title TEXT NOT NULL,
        as_of TEXT NOT NULL,
        created TEXT NOT NULL,
        updated TEXT NOT NULL
    );
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        text TEXT NOT NULL,
        details TEXT NOT NULL,
        created TEXT NOT NULL
    );
    CREATE INDEX books_by_content ON books (content_hash);
    CREATE INDEX conversations_by_book ON conversations (book_id);
    CREATE INDEX messages_by_conversation ON messages (conversation_id);
    """,
)


class Catalog:
    """A database of books and conversations at `path`, made when it is not there.

    `shared` makes it one that several machines may use, and it stays so. Raises ShelfError when
    the file is no database, comes from a newer version of this program, or stays locked by another
    one.
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        # Made here first: the database and the log files beside it take over the mode 0600.
        _make(path)
        with _explained(path), lock_file(path.with_suffix(".lock"), wait=_WAIT) as held:
            if not held:
                raise ShelfError(f"Another program keeps the shelf {path} locked; try again later.")
            with closing(self._open()) as db:
                self._choose_journal(db, shared)
                self._migrate(db)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept together at the end, or not at all."""
        with _explained(self.path), closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def view(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with."""
        with _explained(self.path), closing(self._open()) as db:
            yield db

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _choose_journal(self, db: sqlite3.Connection, shared: bool) -> None:
        """A log for a new catalog, none for one that is shared; else what it has had."""
        (seen,) = db.execute("PRAGMA user_version").fetchone()
        mode = "delete" if shared else "wal"
        if seen and not shared:
            return
        try:
            (chosen,) = db.execute(f"PRAGMA journal_mode = {mode}").fetchone()
        except sqlite3.OperationalError:  # in use by another connection
            chosen = ""
        if shared and chosen != mode:
            raise ShelfError(
                f"The shelf {self.path} is in use, and cannot be made one for several machines "
                "meanwhile; end the other programs that use it, and try again."
            )

    def _migrate(self, db: sqlite3.Connection) -> None:
        (seen,) = db.execute("PRAGMA user_version").fetchone()
        if seen > len(_MIGRATIONS):
            raise ShelfError(
                f"The shelf {self.path} was made by a newer version of this program (format {seen},"
                f" known up to {len(_MIGRATIONS)}); update the program, or use another --shelf."
            )
        for version, script in enumerate(_MIGRATIONS[seen:], start=seen + 1):
            db.executescript(f"BEGIN; {script} PRAGMA user_version = {version}; COMMIT;")


@contextmanager
def lock_file(path: Path, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold a lock that ends with this process however it ends; yields whether it was got.

    The lock is an open transaction on an empty database file: it works on every system SQLite
    runs on, between processes and between threads alike.
    """
    _make(path)
    # A generator that holds the lock may be driven, and closed, by different threads.
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    with closing(connection) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            yield False
            return
        yield True


def _make(path: Path) -> None:
    """An empty private file, unless there is one; that is never opened here.

    A process that closes a file, however it was opened, loses all locks that it holds on it: what
    its databases lock is theirs alone to open. Other threads wait, lest they lock what is being
    made.
    """
    with _MAKING, suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ShelfError(f"The shelf {path} cannot be used: {error}.") from error
