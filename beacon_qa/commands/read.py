"""`beacon-qa read FILE|FOLDER...`: read documents and keep their memories.

A file that cannot be read does not keep the others from being read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from beacon_qa.commands import options
from beacon_qa.commands.interrupt import Stopped
from beacon_qa.commands.session import (
    load_reader,
    open_shelf,
    read_document,
    record_facts,
    whole,
)
from beacon_qa.commands.terminal import Terminal
from beacon_qa.errors import BeaconError, DocumentError, ShelfError
from beacon_qa.shelf import Shelf
from beacon_qa.sources import document_in_bytes
from beacon_qa.wanted import Kind, Outcome, Wanted, wanted_at

_FEW = 3
"""Files that are told one by one; a longer library is counted at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `read`."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="PDF, EPUB, DOCX, HTML, Markdown or plain text, or a folder of such files; - reads "
        "standard input",
    )
    options.add_source(parser)
    options.add_model(parser)
    group = options.add_engine(parser, "books that are read at a time")
    group.add_argument(
        "--retries",
        type=options.not_negative,
        default=2,
        metavar="N",
        help="take a book up again when its worker failed or ended, N times at most (default: 2)",
    )
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read all files; 2 if one of them could not be."""
    shelf = open_shelf(args)
    counts: Counter[str] = Counter()
    wanted: list[Wanted] = []
    for name in args.files:
        try:
            wanted += _wanted(args, shelf, name)
        except (DocumentError, ShelfError) as error:
            counts["failed"] += 1
            terminal.note(f"beacon-qa: {error}")
    read = _on_cluster if args.engine == "ray" else _here
    for outcome in read(args, shelf, wanted, terminal):
        counts[outcome.kind] += 1
        _tell(outcome, args, shelf, terminal)
    if len(wanted) > _FEW or counts["skipped"]:
        terminal.note(_summary(counts))
    if counts["stopped"]:
        raise Stopped("Stopped; what was read is kept, and the same command goes on from there.")
    return 2 if counts["failed"] else 0


def _wanted(args: argparse.Namespace, shelf: Shelf, name: str) -> list[Wanted]:
    if name == "-":
        data = sys.stdin.buffer.read()
        document = document_in_bytes(shelf, data, "stdin", args.password)
        return [Wanted(name, content_hash=document.content_hash)]
    found = list(wanted_at(shelf, name))
    if not found:
        raise DocumentError(f"The folder {name} holds no files; name one with books in it.")
    return found


def _here(
    args: argparse.Namespace, shelf: Shelf, wanted: Sequence[Wanted], terminal: Terminal
) -> Iterator[Outcome]:
    """Read in this program, one after another; all are parsed before a model is loaded."""
    parsed: list[Wanted] = []
    for one in wanted:
        try:
            document = one.document(shelf, args.password)
            parsed.append(replace(one, content_hash=document.content_hash))
        except (DocumentError, ShelfError) as error:
            yield one.failed(error)
    if not parsed:
        return
    reader = load_reader(args, shelf, terminal, save_every=args.save_every)
    for one in parsed:
        begun = time.monotonic()
        try:
            book, was_read = read_document(reader, one.document(shelf), one.source, terminal)
        except BeaconError as error:
            yield one.failed(error)
        else:
            kind: Kind = "read" if was_read else "known"
            yield Outcome(one.name, kind, book.id, time.monotonic() - begun)


def _on_cluster(
    args: argparse.Namespace, shelf: Shelf, wanted: Sequence[Wanted], terminal: Terminal
) -> Iterator[Outcome]:
    from beacon_qa.commands.cluster import read_on_cluster

    return read_on_cluster(args, shelf, wanted, terminal)


def _tell(outcome: Outcome, args: argparse.Namespace, shelf: Shelf, terminal: Terminal) -> None:
    if outcome.kind == "skipped":
        terminal.note(f"Skipped: {outcome.reason}")
    elif outcome.kind == "failed":
        terminal.note(f"beacon-qa: {outcome.reason}")
    if outcome.kind not in ("read", "known"):
        return
    record = shelf.get(outcome.book_id)
    read_now = outcome.kind == "read"
    if args.json:
        facts = record_facts(record)
        terminal.data({**facts, "read_now": read_now, "seconds": outcome.seconds})
        return
    how = f"read in {outcome.seconds:.1f} s" if read_now else "read before"
    terminal.say(
        f"{record.id}  {record.title}: {whole(record)}, {how}, {record.condensing}, "
        f"{record.nbytes / 1e6:.1f} MB"
    )


def _summary(counts: Counter[str]) -> str:
    """The numbers of a library, those that are none left out."""
    words = {"read": "read", "known": "read before", "skipped": "skipped", "failed": "failed"}
    parts = [f"{counts[kind]} {word}" for kind, word in words.items() if counts[kind]]
    return f"Of {counts.total()} files: {', '.join(parts) or 'none read'}."
