"""`beacon-qa shelf list | show | remove | export | import`: the books that are kept.

Loads no model.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from beacon_qa.commands import options
from beacon_qa.commands.interrupt import typed
from beacon_qa.commands.session import open_shelf
from beacon_qa.commands.terminal import Terminal
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.portable import export_book, import_book
from beacon_qa.shelf.storage import expanded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `shelf` and its actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all books, with their state and size")
    show = actions.add_parser("show", help="all that is known about a book")
    remove = actions.add_parser("remove", help="delete a book, its memory and its conversations")
    remove.add_argument("--yes", action="store_true", help="do not ask whether you are sure")
    export = actions.add_parser("export", help="write a book to a folder one can carry")
    fetch = actions.add_parser("import", help="put an exported book on the shelf")
    for action in (show, remove, export):
        action.add_argument("book", metavar="TITLE", help="the title or id of a book")
    export.add_argument("folder", type=Path, help="a new or empty folder")
    fetch.add_argument("folder", type=Path, help="the folder of an exported book")
    for action in (listing, show, remove, export, fetch):
        options.add_shelf(action)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Do what the action says."""
    # A mistyped folder is no new shelf without books.
    shelf = open_shelf(args, make=args.action == "import")
    if args.action == "list":
        _list(shelf, args.json, terminal)
    elif args.action == "import":
        _show(import_book(shelf, expanded(args.folder)), args.json, terminal)
    else:
        record = shelf.find(args.book)
        if args.action == "show":
            _show(record, args.json, terminal)
        elif args.action == "export":
            folder = export_book(shelf, record.id, expanded(args.folder))
            said = f"{record.title} ({record.id}) is in {folder}."
            _done(args.json, {"exported": record.id, "folder": str(folder)}, said, terminal)
        elif args.yes or _sure(record, terminal):
            shelf.remove(record.id)
            said = f"{record.title} ({record.id}) is removed."
            _done(args.json, {"removed": record.id}, said, terminal)
    return 0


def _done(as_json: bool, facts: dict[str, str], said: str, terminal: Terminal) -> None:
    if as_json:
        terminal.data(facts)
    else:
        terminal.say(said)


def _list(shelf: Shelf, as_json: bool, terminal: Terminal) -> None:
    books = shelf.books()
    if as_json:
        for book in books:
            terminal.data(asdict(book))
        return
    for book in books:
        read = f"{book.windows}/{book.total_windows} windows"
        pages = f"{book.pages} pages, " if book.pages else ""
        terminal.say(
            f"{book.id}  {book.state:<8} {book.nbytes / 1e6:7.1f} MB  {book.title}"
            f"  ({pages}{read}, {book.condensing}, {book.model_name})"
        )
    quota = "" if shelf.quota is None else f" of {shelf.quota / 1e6:,.1f}"
    noun = "book" if len(books) == 1 else "books"
    terminal.say(f"{len(books)} {noun}, {shelf.size() / 1e6:,.1f}{quota} MB in {shelf.root}")


def _show(record: BookRecord, as_json: bool, terminal: Terminal) -> None:
    facts = asdict(record)
    if as_json:
        terminal.data(facts)
        return
    for name, value in facts.items():
        if value not in ("", 0):
            terminal.say(f"{name.replace('_', ' '):<14} {value}")


def _sure(record: BookRecord, terminal: Terminal) -> bool:
    """Ask a person; a script has said what it wants."""
    if not sys.stdin.isatty():
        return True
    terminal.note(f"Remove {record.title} ({record.id}) and its conversations? [y/N] ", end="")
    return typed(sys.stdin).strip().casefold() in ("y", "yes")
