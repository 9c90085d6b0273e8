"""An answer as it is told to a terminal, ended cleanly by Ctrl-C, and what its quotes are worth.

Knows pieces of text and a terminal; knows nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from beacon_qa.answer import Answer
from beacon_qa.commands.interrupt import Stopped, interruptible
from beacon_qa.commands.terminal import Terminal
from beacon_qa.quotes import Quote

_LONGEST = 60
"""Characters of a quotation that are shown again beside its mark."""


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
        words = " ".join(text.split())
        shown = words if len(words) <= _LONGEST else f"{words[:_LONGEST].rstrip()}…"
        terminal.note(f"  {shown}: {mark}")


def quote_facts(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """What scripts are told about quotes."""
    return [{**asdict(quote), "mark": quote.mark} for quote in quotes]
