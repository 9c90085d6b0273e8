"""Pictures of a PDF's pages, with a passage marked, drawn in a limited process of its own.

Knows how to ask that process and what a picture is; the drawing is in `picture_worker`. Needs
pypdfium2 and Pillow, which are an optional extra.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from beacon_qa.documents.isolate import ask_worker, sayable
from beacon_qa.documents.raw import Limits
from beacon_qa.errors import DamagedFile, UnsupportedFormat

Box = tuple[int, int, int, int]

PICTURE_LIMITS = Limits(memory=2 * 2**30, cpu_seconds=20, wall_seconds=30.0)
"""A page that takes longer to draw is better read as text."""

_LONGEST_PASSAGE = 100_000


@dataclass(frozen=True)
class Picture:
    """A page as a PNG image of `width` times `height` pixels.

    `boxes` are the marked stretches: (left, top, right, bottom) in pixels, in reading order, none
    when the passage is not on the page.
    """

    png: bytes = field(repr=False)
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


def can_draw() -> bool:
    """Whether the libraries that draw pages are installed."""
    return all(find_spec(name) is not None for name in ("pypdfium2", "PIL"))


def page_picture(
    pdf: Path,
    page: int,
    *,
    passage: str = "",
    before: str = "",
    width: int = 1000,
    password: str | None = None,
    limits: Limits = PICTURE_LIMITS,
) -> Picture:
    """Draw a page, counted from 1, about `width` pixels wide, with the passage's words marked.

    White space, hyphens and accents of the passage need not be as on the page. `before` is the
    page's text up to the passage: it tells which of several equal places is meant. Raises a
    DocumentError: UnsupportedFormat without the libraries, PasswordNeeded, DamagedFile (also for
    a page that is not there), LimitExceeded.
    """
    if not can_draw():
        raise UnsupportedFormat(
            "Pictures of pages need pypdfium2 and Pillow; install them with "
            "`pip install 'beacon-qa[pictures]'`."
        )
    job = {
        "name": sayable(pdf.name),
        "path": str(pdf),
        "password": password,
        "page": page,
        "width": width,
        "passage": sayable(passage[:_LONGEST_PASSAGE]),
        "before": sayable(before[:_LONGEST_PASSAGE]),
    }
    answer = ask_worker("beacon_qa.documents.picture_worker", job, b"", limits)
    head, _, png = answer.partition(b"\n")
    try:
        facts = json.loads(head)
        boxes = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in facts["boxes"])
        return Picture(png, int(facts["width"]), int(facts["height"]), boxes)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile(f"“{pdf.name}” could not be drawn; read its text instead.") from error
