"""`beacon-qa ask FILE|TITLE "question"...`: answers from the memory of a book.

Each question stands alone; `chat` is for those that follow one another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from beacon_qa.commands import options
from beacon_qa.commands.session import open_book, overview_of, question_of, sampling
from beacon_qa.commands.telling import (
    evidence_facts,
    quote_facts,
    tell,
    tell_evidence,
    tell_quotes,
)
from beacon_qa.commands.terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `ask`."""
    parser.add_argument(
        "book",
        metavar="FILE|TITLE",
        help="a file, or the title or id of a book on the shelf; - reads standard input",
    )
    parser.add_argument(
        "questions",
        nargs="+",
        metavar="QUESTION",
        help="what to ask; - takes questions from standard input, one a line",
    )
    options.add_answering(parser)
    options.add_looking(parser)
    options.add_source(parser)
    options.add_model(parser)
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read the book if need be, then answer each question."""
    asked = [question_of(words) for words in args.questions]  # refused before anything is loaded
    from_input = "-" in args.questions and args.book != "-"
    book = open_book(args, args.book, terminal)
    for question in _questions(asked, from_input):
        answer = overview_of(book, question, args) or book.ask(
            question, sampling=sampling(args), look_back=args.look_back
        )
        if args.json:
            text = tell(answer, None)
            facts = {
                "book": book.id,
                "question": question,
                "answer": text,
                "finish": answer.finish,
                "usage": asdict(answer.usage),
                "coverage": asdict(answer.coverage),
                "quotes": quote_facts(book.check(text)),
                **evidence_facts(answer),
                "as_of": book.up_to,
            }
            terminal.data(facts)
            continue
        if len(asked) > 1 or from_input:
            terminal.say(f"> {question}")
        tell(answer, terminal)
        if terminal.watched:
            tell_quotes(book.check(answer.text), terminal)
            tell_evidence(answer, book.document.text, terminal)
            terminal.note(f"[{answer.coverage}; {answer.usage.output_tokens} tokens]")
    return 0


def _questions(asked: Sequence[str], from_input: bool) -> Iterator[str]:
    """The questions; "-" stands for those on standard input, one a line."""
    for question in asked:
        if question == "-" and from_input:
            yield from (question_of(line) for line in sys.stdin if line.strip())
        else:
            yield question
