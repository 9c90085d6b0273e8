"""`beacon-qa chat FILE|TITLE`: a conversation about a book, kept on the shelf.

Questions come from standard input, one a line; an empty line, /quit or the end of the input
ends the conversation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from beacon_qa.commands import options
from beacon_qa.commands.interrupt import Stopped, typed
from beacon_qa.commands.session import (
    open_book,
    open_shelf,
    overview_of,
    question_of,
    sampling,
)
from beacon_qa.commands.telling import (
    evidence_facts,
    quote_facts,
    tell,
    tell_evidence,
    tell_quotes,
)
from beacon_qa.commands.terminal import Terminal
from beacon_qa.errors import MessageError
from beacon_qa.shelf.conversations import Conversations

if TYPE_CHECKING:
    from beacon_qa.book import Book
    from beacon_qa.chat import Turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `chat`."""
    parser.add_argument(
        "book", metavar="FILE|TITLE", help="a file, or the title or id of a book on the shelf"
    )
    parser.add_argument(
        "--continue",
        dest="go_on",
        action="store_true",
        help="go on with the last conversation about this book",
    )
    options.add_answering(parser)
    options.add_looking(parser)
    options.add_source(parser)
    options.add_model(parser)
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read the book if need be, then answer until there are no more questions."""
    kept = open_shelf(args).conversations
    book = open_book(args, args.book, terminal)
    conversation, history = _begin(kept, book, args.go_on)
    chat = book.chat(history)
    if terminal.watched:
        terminal.note(f"{book.title}: {book.coverage}. An empty line ends the conversation.")
    for question in _questions(terminal):
        answer = overview_of(book, question, args) or chat.ask(
            question, sampling=sampling(args), look_back=args.look_back
        )
        try:
            tell(answer, None if args.json else terminal)
        except Stopped:
            terminal.note("\n(stopped)")
        if args.json:
            facts = {
                "question": question,
                "answer": answer.so_far,
                "usage": asdict(answer.usage),
                "quotes": quote_facts(book.check(answer.so_far)),
                **evidence_facts(answer),
                "conversation": conversation,
            }
            terminal.data(facts)
        elif terminal.watched:
            tell_quotes(book.check(answer.so_far), terminal)
            tell_evidence(answer, book.document.text, terminal)
        kept.add(conversation, "user", question)
        details = {"usage": asdict(answer.usage), **evidence_facts(answer)}
        kept.add(conversation, "assistant", answer.so_far, details)
    return 0


def _begin(kept: Conversations, book: Book, go_on: bool) -> tuple[int, list[Turn]]:
    """The conversation to speak in, and what was said in it."""
    from beacon_qa.chat.transcript import turns  # here: it brings the model library

    earlier = [talk for talk in kept.of_book(book.id) if talk.as_of == book.up_to]
    if not go_on or not earlier:
        return kept.start(book.id, as_of=book.up_to).id, []
    return earlier[0].id, turns(kept.messages(earlier[0].id))


def _questions(terminal: Terminal) -> Iterator[str]:
    while True:
        if terminal.watched and sys.stdin.isatty():
            terminal.say("\n> ", end="")
        line = typed(sys.stdin).strip()
        if not line or line == "/quit":
            return
        try:
            yield question_of(line)
        except MessageError as error:
            terminal.note(f"beacon-qa: {error}")
