"""An answer as it is told to a terminal, ended cleanly by Ctrl-C.

Knows pieces of text and a terminal; knows nothing of where they come from.
"""

from __future__ import annotations

from beacon_qa.answer import Answer
from beacon_qa.commands.interrupt import Stopped, interruptible
from beacon_qa.commands.terminal import Terminal


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
