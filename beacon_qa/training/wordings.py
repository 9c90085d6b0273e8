"""How an invented fact may be said: a relation's wordings, and words that say nothing around them.

Knows English templates only: {s} stands for the subject, {v} for the value, {x} and {X} for a
sentence. Does not know which names are put in them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """A relation: kinds of its subject and value, its answer, its other wordings.

    Its `name` is what its value is called where it is a `noun`: the "home port" of a ship.
    """

    name: str
    subject: str
    value: str
    answer: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    noun: bool = False


STATED = (
    "It is said that {x}",
    "According to the register, {x}",
    "Nobody doubted that {x}",
    "The letter said that {x}",
    "I have heard that {x}",
    "By the way, {x}",
    "It was written in the book that {x}",
    "At that time {x}",
    "To be exact, {x}",
    "{X} So the neighbours told it.",
    "{X} That was all one knew.",
    "One thing is certain: {x}",
)
"""Words around a statement."""

ASKED = (
    "According to the text, {x}",
    "Please tell me: {x}",
    "I should like to know: {x}",
    "In the book, {x}",
    "One more question: {x}",
    "{X} Answer in one sentence.",
    "{X} I cannot remember it.",
    "Now {x}",
)
"""Words around a question."""
