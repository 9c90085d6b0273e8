"""`beacon-qa read FILE...`: read documents and keep their memories.

A file that cannot be read does not keep the others from being read.
"""

from __future__ import annotations

import argparse
import time

from beacon_qa.commands import options
from beacon_qa.commands.session import (
    book_facts,
    find_document,
    load_reader,
    open_shelf,
    read_document,
)
from beacon_qa.commands.terminal import Terminal
from beacon_qa.documents import Document
from beacon_qa.errors import DocumentError, ShelfError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `read`."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="PDF, EPUB, DOCX, HTML, Markdown or plain text; - reads standard input",
    )
    options.add_source(parser)
    options.add_model(parser)
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read all files; 2 if one of them could not be."""
    shelf = open_shelf(args)
    found: list[tuple[Document, str]] = []
    for name in args.files:
        try:
            found.append(find_document(args, shelf, name))
        except (DocumentError, ShelfError) as error:
            terminal.note(f"beacon-qa: {error}")
    if found:
        reader = load_reader(args, shelf, terminal)
        for document, source in found:
            begun = time.monotonic()
            book, was_read = read_document(reader, document, source, terminal)
            seconds = time.monotonic() - begun
            if args.json:
                terminal.data({**book_facts(book), "read_now": was_read, "seconds": seconds})
            else:
                how = f"read in {seconds:.1f} s" if was_read else "read before"
                terminal.say(
                    f"{book.id}  {book.title}: {book.coverage}, {how}, ratio {book.record.ratio}, "
                    f"{book.record.nbytes / 1e6:.1f} MB"
                )
    return 0 if len(found) == len(args.files) else 2
