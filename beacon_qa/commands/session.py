"""From arguments to a book: the shelf, the reader, and the reading on the way.

Knows the shared arguments and what they open. A name that cannot be found, or a file that cannot
be parsed, is refused before a model is loaded.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from beacon_qa.commands.interrupt import Stopped, interruptible
from beacon_qa.commands.terminal import Terminal, heard
from beacon_qa.documents import Document
from beacon_qa.errors import MessageError
from beacon_qa.prompts import QUESTION_CHARACTERS
from beacon_qa.shelf import Shelf, default_folder
from beacon_qa.shelf.book_record import BookRecord
from beacon_qa.shelf.storage import expanded
from beacon_qa.sources import document_in_bytes, document_in_file

if TYPE_CHECKING:
    from beacon_qa.answer import Answer, Coverage
    from beacon_qa.beacon import Sampling
    from beacon_qa.book import Book
    from beacon_qa.reader import Reader


def open_shelf(args: argparse.Namespace, *, make: bool = True) -> Shelf:
    """The shelf that is named, or the user's own, which alone is made without `make`."""
    quota = None if args.quota is None else int(args.quota * 1e9)
    shared = getattr(args, "engine", "local") == "ray"
    folder = args.shelf or default_folder(args.data_home)
    return Shelf(folder, quota=quota, shared=shared, make=make or args.shelf is None)


def find_document(args: argparse.Namespace, shelf: Shelf, name: str) -> tuple[Document, str]:
    """(document, path) for a file, "-" (standard input), or a book on the shelf."""
    if name == "-":
        return document_in_bytes(shelf, sys.stdin.buffer.read(), "stdin", args.password), ""
    path = expanded(name)
    if name.strip() and path.exists():
        return document_in_file(shelf, path, args.password), str(path.resolve())
    record = shelf.find(name)
    return shelf.document(record.id), record.source


def load_reader(
    args: argparse.Namespace, shelf: Shelf, terminal: Terminal, **settings: Any
) -> Reader:
    """The model that is named, or the built-in one, with this shelf.

    `settings` are more of `Reader.load`, such as the command has options for.
    """
    if terminal.watched:
        terminal.note("Loading the model ...")
    from beacon_qa.reader import Reader  # here, so that refusals above need no model library

    return Reader.load(
        args.model,
        bits=args.bits,
        device=args.device,
        ratio=args.ratio,
        shelf=shelf,
        **settings,
    )


def read_document(
    reader: Reader, document: Document, source: str, terminal: Terminal
) -> tuple[Book, bool]:
    """The document as a book, and whether it had to be read; raises Stopped after Ctrl-C."""
    from beacon_qa.commands.progress import watching

    windows = 0
    with interruptible() as stop, watching(terminal, document.title) as watch:
        job = reader.reading(document, source=source, should_stop=stop)
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                book: Book = end.value
                break
            windows += 1
            watch(progress)
    if not book.coverage.complete:
        raise Stopped(
            f"Stopped: {book.coverage} of {book.title} are read and kept; the same command goes "
            "on from there."
        )
    if stop():
        raise Stopped(f"Stopped: {book.title} is read and kept.")
    return book, windows > 0


def open_book(args: argparse.Namespace, name: str, terminal: Terminal) -> Book:
    """The book of this name, read first if need be, cut back to --as-of."""
    shelf = open_shelf(args)
    document, source = find_document(args, shelf, name)
    reader = load_reader(args, shelf, terminal, save_every=args.save_every)
    book, _ = read_document(reader, document, source, terminal)
    return book.as_of(args.as_of) if getattr(args, "as_of", None) else book


def overview_of(book: Book, question: str, args: argparse.Namespace) -> Answer | None:
    """What answers for a model that is too small for a question, if it is one."""
    from beacon_qa.overview import overview

    return overview(book, question, sampling(args))


def question_of(words: str) -> str:
    """A question as it can be asked; MessageError for none, and for one that is too long."""
    question = heard(words).strip()
    if not question:
        raise MessageError("A question is empty; ask something about the text.")
    if len(question) > QUESTION_CHARACTERS:
        raise MessageError(
            f"A question has {len(question):,} characters and at most {QUESTION_CHARACTERS:,} are "
            "taken; shorten it, or read what it quotes as a text of its own."
        )
    return question


def sampling(args: argparse.Namespace, max_tokens: int = 256) -> Sampling:
    """How answers are to be drawn."""
    from beacon_qa.beacon import Sampling

    return Sampling(
        max_new_tokens=args.max_tokens or max_tokens,
        temperature=args.temperature,
        seed=args.seed,
    )


def whole(record: BookRecord) -> Coverage:
    """The coverage of a book that is read to its end."""
    from beacon_qa.answer import Coverage

    pages, windows, tokens = record.pages, record.total_windows, record.total_tokens
    return Coverage(pages, pages, windows, windows, tokens, tokens)


def record_facts(record: BookRecord) -> dict[str, Any]:
    """What scripts are told about a book that is read to its end."""
    return {
        "id": record.id,
        "title": record.title,
        "state": record.state,
        "model": record.model_name,
        "ratio": record.ratio,
        "coverage": asdict(whole(record)),
        "bytes": record.nbytes,
    }
