"""`beacon-qa summarize FILE`: the whole text in one pass, or chapter by chapter.

A chapter is summarized with all chapters before it in memory.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from beacon_qa.commands import options
from beacon_qa.commands.interrupt import Stopped, interruptible
from beacon_qa.commands.session import open_book, sampling
from beacon_qa.commands.terminal import Terminal
from beacon_qa.errors import BeaconError
from beacon_qa.prompts import LENGTHS, summary_tokens
from beacon_qa.shelf.storage import expanded, explained

if TYPE_CHECKING:
    from beacon_qa.summary import Summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `summarize`."""
    parser.add_argument(
        "book",
        metavar="FILE|TITLE",
        help="a file, or the title or id of a book on the shelf; - reads standard input",
    )
    parser.add_argument("--length", choices=LENGTHS, default="medium", help="(default: medium)")
    parser.add_argument("--by-chapter", action="store_true", help="one summary for each chapter")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write Markdown to a file, not to the terminal"
    )
    options.add_answering(parser, max_tokens=None)
    options.add_source(parser)
    options.add_model(parser)
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read the book if need be, then summarize it."""
    output = None if args.output is None else _writable(args.output, args.book)
    book = open_book(args, args.book, terminal)
    summary = book.summarize(
        args.length,
        by_chapter=args.by_chapter,
        sampling=sampling(args, summary_tokens(args.length)),
    )
    shown = not args.json and output is None
    title = f"# {book.title}\n\n"
    if shown:
        terminal.say(title, end="")
    _tell(summary, terminal if shown else None)
    if output is not None:
        with explained(output):
            output.write_text(f"{title}{summary.text}\n", encoding="utf-8")
        terminal.note(f"The summary is in {args.output}.")
    if args.json:
        parts = [{"chapter": name, "text": answer.text} for name, answer in summary.parts()]
        told = {"book": book.id, "title": book.title, "note": summary.note, "summary": parts}
        terminal.data(told)
    return 0


def _writable(output: Path, book: str) -> Path:
    """Where to write; refused before the work, and not after it, if nothing can be written there.

    What a link points to is written, and a file's mode stays.
    """
    path = expanded(output)
    if not path.parent.is_dir():
        raise BeaconError(
            f"There is no folder {output.parent}; make it, or name another file to --output."
        )
    if path.exists() and Path(book).exists() and path.samefile(book):
        raise BeaconError(f"{output} is the text itself; name another file to --output.")
    if path.is_dir():
        raise BeaconError(f"{output} is a folder; name a file in it to --output.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BeaconError(f"{output} cannot be written; name another file to --output.")
    return path


def _tell(summary: Summary, terminal: Terminal | None) -> None:
    with interruptible() as stop:
        for piece in summary:
            if terminal is not None:
                terminal.say(piece, end="")
            if stop():
                raise Stopped("Stopped: the summary is not complete.")
    if terminal is not None:
        terminal.say()
