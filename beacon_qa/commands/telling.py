"""An answer as it is told to a terminal, ended cleanly by Ctrl-C, and what it rests on.

Knows pieces of text and a terminal; knows nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from beacon_qa.commands.interrupt import Stopped, interruptible
from beacon_qa.commands.terminal import Terminal

if TYPE_CHECKING:
    from beacon_qa.answer import Answer
    from beacon_qa.evidence import Passage
    from beacon_qa.quotes import Quote

_LONGEST = 60
"""Characters of a quotation or passage that are shown again beside its mark."""

_MOST = 3
"""Passages that are shown below an answer, besides those read again."""


def tell(answer: Answer, terminal: Terminal | None) -> str:
    """Write the answer piece by piece (nowhere without a terminal), and return it whole.

    Raises Stopped after Ctrl-C.
    """
    with interruptible() as stop:
        for piece in answer:
            if terminal is not None:
                terminal.say(piece, end="")
            if stop():
                answer.cancel()
                raise Stopped("Stopped: the answer is not complete.")
    if terminal is not None:
        terminal.say()
    return answer.text


def tell_quotes(quotes: Iterable[Quote], terminal: Terminal) -> None:
    """Note beside each quotation and number, once, whether it stands in the text, and where."""
    for text, mark in dict.fromkeys((quote.text, quote.mark) for quote in quotes):
        terminal.note(f"  {_shown(text)}: {mark}")


def tell_evidence(answer: Answer, text: str, terminal: Terminal) -> None:
    """Note where in the `text` of the book the answer's attention fell, and what was read again."""
    again = list(answer.read_again)
    # Sentences of the text, on which no attention fell, have just been told with their pages.
    rests_on = [passage for passage in answer.evidence[:_MOST] if passage.score]
    if rests_on:
        terminal.note("Rests on (* read again word for word):" if again else "Rests on:")
    for passage in rests_on:
        mark = "*" if any(_meet(passage, one) for one in again) else " "
        terminal.note(f"  {100 * passage.score:3.0f}% {mark} {_told(passage, text)}")
    more = [one for one in again if not any(_meet(one, passage) for passage in rests_on)]
    if more:
        count = f", in {len(answer.rounds)} rounds" if answer.rounds else ""
        terminal.note(f"Also read again{count}:")
    for passage in more:
        terminal.note(f"       * {_told(passage, text)}")


def evidence_facts(answer: Answer) -> dict[str, Any]:
    """What scripts are told about what an answer rests on."""
    return {
        "evidence": [asdict(passage) for passage in answer.evidence],
        "read_again": [asdict(passage) for passage in answer.read_again],
    }


def quote_facts(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """What scripts are told about quotes."""
    return [{**asdict(quote), "mark": quote.mark} for quote in quotes]


def _shown(text: str, longest: int = _LONGEST) -> str:
    """The beginning of a text on one line."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[:longest].rstrip()}…"


def _told(passage: Passage, text: str) -> str:
    """Where a passage stands, and how it begins."""
    page = f"p. {passage.page}" if passage.page else ""
    names = ", ".join(name for name in (page, _shown(passage.chapter, _LONGEST // 2)) if name)
    return f"{names}: {_shown(text[passage.start : passage.end])}".removeprefix(": ")


def _meet(one: Passage, other: Passage) -> bool:
    return one.start < other.end and other.start < one.end
