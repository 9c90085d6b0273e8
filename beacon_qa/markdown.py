"""Text of others shown as Markdown: marked up as it is, but nothing in it is loaded or run.

Models, documents and users write text that a page or a viewer renders. Knows which marks make a
viewer fetch something or leave Markdown for HTML; knows nothing of pages or models. An invisible
joiner put into such a mark makes plain letters of it, in and outside of code alike.
"""

from __future__ import annotations

import re

_JOINER = "\u2060"
"""WORD JOINER: invisible, without width, and no part of any mark of Markdown or HTML."""

_MARKS = re.compile(
    r"""
      (?<=<)(?=[A-Za-z/!?])                 # <tag>, </tag>, <!--, <?xml, <scheme:...>
    | (?<=!)(?=\[)                          # ![image](...)
    | (?<=\])(?=\((?!https?://[^\s/]))      # [link](anything but http)
    | (?<=\])(?=:)                          # [reference]: address
    | (?<=[`~]{3})(?=[ \t]*mermaid)         # diagrams, drawn by a program of their own
    | (?<=ftp:)(?=//)                       # addresses that become links by themselves
    | (?<=[A-Za-z0-9._+-])(?=@[A-Za-z0-9])
    """,
    re.VERBOSE | re.IGNORECASE,
)

_NUMBER_ALONE = re.compile(r"\A(\s*\d{1,9})(?=[.)]\s*\Z)")
"""A number and a full stop, and nothing else: an empty list to Markdown."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def harmless(text: str) -> str:
    """The text as Markdown without HTML, images, diagrams, or links other than http and https.

    It looks the same; only invisible joiners are added, which `original` takes out again.
    """
    return _MARKS.sub(_JOINER, _NUMBER_ALONE.sub(rf"\1{_JOINER}", text))


def original(text: str) -> str:
    """The text as it was before `harmless`."""
    return text.replace(_JOINER, "")


def literal(text: str) -> str:
    """One line of Markdown that shows the text letter by letter, whatever is in it."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def apart(text: str) -> str:
    """The text set apart from what it stands in, which may be written in the other direction."""
    return f"\u2068{text}\u2069"
