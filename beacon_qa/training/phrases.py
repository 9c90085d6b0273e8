"""Facts about a named thing, told and asked in sentences put together from parts.

A list of wordings teaches the wordings; here order, verbs, what stands around and what stands
between are drawn anew, so that only the meaning stays. Knows English parts only: {s} stands for
the subject, {v} for the value, {n} for the name of what is told of it. Knows no list of wordings.
"""

from __future__ import annotations

import random

_IS = (
    "is", "is", "was", "was", "has always been", "had long been", "turned out to be",
    "happened to be", "remains", "became", "proved to be", "must be", "is known to be",
    "would be", "is nothing but", "could only be", "was, after all,", "is still",
)  # fmt: skip
_HAS = ("has", "had", "got", "took", "chose", "was given", "kept", "was left with", "settled on")
_AS = ("for a {n}", "for {n}", "as {n}", "as the {n}", "by way of {n}", "under the heading of {n}")
_SAYS = ("told the clerk", "wrote to a friend", "let it be known", "admitted", "once mentioned")
_WHOSE = ("the {n} of {s}", "{s}'s {n}", "the {n} which {s} has", "the {n} belonging to {s}")
_THAT = ("that", "in so many words that", "last year that", "in passing that")
_GIVES = ("answered", "said", "named", "wrote down", "replied with", "could only offer")
_AFTERWARDS = (
    "was often spoken of", "had been forgotten", "came up again", "was in the paper",
    "surprised the visitors", "made them laugh", "was on the list", "meant nothing to them",
)  # fmt: skip

_CORES = (
    "{whose} {is} {v}",
    "{whose} {is} {v}",
    "{v} {is} {whose}",
    "{s} {has} {v} {as}",
    "{s} {has} {v} {as}",
    "{as}, {s} {has} {v}",
    "{v} {is} what {s} {has} {as}",
    "{s} {says} {that} the {n} {is} {v}",
    "{s} {says} {that} {v} {is} the {n}",
    "when they asked for the {n}, {s} {gives} {v}",
    "{s}, when they asked for the {n}, {gives} {v}",
    "the {n} {is} {v}, or so {s} {says}",
    "the {n} which {s} {has} {is} {v}",
    "{v}, {whose}, {afterwards}",
    "{whose}, {v}, {afterwards}",
    "{s}, with {v} {as}, {afterwards}",
    "with {v} {as}, {s} {afterwards}",
    "in the papers of {s} one reads {v} {as}",
    "in the papers {whose} is put down as {v}",
    "the papers have {v} {as} next to the name of {s}",
    "there was talk of {s}. The {n}, one heard, {is} {v}",
    "there was talk of {s}. {v} {is} the {n}",
    "then {s} {afterwards}. The {n} {is} {v}",
    "then they came to {s}; the {n} {is} {v}",
    "{v}: no other {n} than this {is} right where {s} is meant",
    "next to {s} stood a word on the {n}: {v}",
    "who would have thought that {whose} {is} {v}",
    "{s} - {n} - {v}",
    "{n} of {s}: {v}",
    "{s}, {n}: {v}",
    "{v} ({whose})",
)

_ASIDES = (", it seems,", ", they said,", ", of all,", ", for example,", ", as it happens,", " now")
_BEFORE = (
    "in those days", "as far as one knows,", "if the papers are right,", "some remember that",
    "there is no doubt that", "in spite of the rain,", "among other things,", "yes,", "and so",
    "not everyone knows that", "the clerk noted that", "before long it came out that",
    "it hardly needs saying that", "on the last page one reads that", "for once all agreed:",
)  # fmt: skip
_AFTER = (
    ", as the clerk noted", ", and nobody minded", ", though few knew it", ", whatever people say",
    ", which was odd", ", if one can trust the papers", " to this day", ", they all agreed",
    ", and that was that", ", just as before",
)  # fmt: skip

_QUESTIONS = (
    "{what} {is} {whose}?",
    "{what} {is} {whose}?",
    "{what} {is} {whose}?",
    "{what} does {s} have {as}?",
    "{what} did {s} choose {as}?",
    "{what} would {s} answer when asked for the {n}?",
    "{name} {whose}.",
    "{name} {whose}.",
    "{s} has a {n}: which?",
    "{s}: which {n}?",
    "which {n} is the one of {s}?",
    "which {n} goes with {s}?",
    "{whose} is what?",
    "{whose}?",
    "I forgot {whose}; {what} is it?",
    "if I ask for {whose}, what is the answer?",
    "does anyone say what {whose} {is}?",
    "under which {n} does one find {s}?",
    "{whose} comes up in the text; {what} is it?",
    "there is {whose}, but {what} is it?",
)
_WHAT = ("what", "what", "what", "and what", "so what", "now what", "what exactly", "what, then,")
_NAME = ("name", "state", "try to recall", "remind me of", "quote", "give", "find", "I need")


def told(rng: random.Random, name: str) -> str:
    """A sentence that tells the {v} of what `name` names of {s}."""
    text = rng.choice(_CORES)
    if rng.random() < 0.2:
        text = text.replace("{s} ", "{s}" + rng.choice(_ASIDES) + " ", 1)
    if rng.random() < 0.3:
        text = rng.choice(_BEFORE) + " " + text
    if rng.random() < 0.25:
        text += rng.choice(_AFTER)
    return _sentence(_filled(rng, text, name)) + "."


def asked(rng: random.Random, name: str) -> str:
    """A question, or a request, for what `name` names of {s}."""
    return _sentence(_filled(rng, rng.choice(_QUESTIONS), name))


_PARTS = {
    "{whose}": _WHOSE,
    "{as}": _AS,
    "{is}": _IS,
    "{has}": _HAS,
    "{says}": _SAYS,
    "{that}": _THAT,
    "{gives}": _GIVES,
    "{afterwards}": _AFTERWARDS,
    "{what}": _WHAT,
    "{name}": _NAME,
}


def _filled(rng: random.Random, text: str, name: str) -> str:
    """The text with a part drawn for each of its gaps; subject and value stay open."""
    for gap, parts in _PARTS.items():
        while gap in text:
            text = text.replace(gap, rng.choice(parts), 1)
    return text.replace("{n}", name)


def _sentence(text: str) -> str:
    """The text with a capital; one that begins with a gap is left as it is."""
    return text if text.startswith("{") else text[0].upper() + text[1:]
