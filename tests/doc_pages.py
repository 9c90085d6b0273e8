"""The README and the pages of docs/ as the tests read them: fences, links, headings, targets.

Knows Markdown as it is written here; knows nothing of what the examples do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("README.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^(```+)(\w*)[^\n]*\n(.*?)^\1\s*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MAKE = re.compile(r"^(?:\$ )?make ([\w-]+)|`make ([\w-]+)[^`]*`", re.MULTILINE)


def fences(page: str, language: str) -> Iterator[tuple[int, str]]:
    """(line number, content) of each fenced block in a language."""
    for found in _FENCE.finditer(page):
        if found[2] == language:
            yield page.count("\n", 0, found.start(3)) + 1, found[3]


def commands(page: str) -> Iterator[tuple[int, str]]:
    """(line number, line) of each `beacon-qa ...` line of the shell examples."""
    for first, block in fences(page, "sh"):
        lines = block.replace("\\\n", "\\\0").split("\n")
        number = first
        for line in lines:
            if line.startswith("beacon-qa "):
                yield number, line.replace("\\\0", " ")
            number += 1 + line.count("\0")


def links(page: str) -> list[str]:
    """Where the page's links lead, those to other sites left out."""
    bare = _FENCE.sub("", page)
    found = [match[1] for match in _LINK.finditer(bare)]
    return [link for link in found if not re.match(r"\w+:", link)]


def anchors(page: str) -> set[str]:
    """The anchors that the page's headings make."""
    titles = _HEADING.findall(_FENCE.sub("", page))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def make_targets(page: str) -> set[str]:
    """The targets that the page tells its reader to make."""
    return {first or second for first, second in _MAKE.findall(page)}
