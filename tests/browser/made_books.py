"""Books made for the browser tests: a short PDF with a planted fact, and longer texts.

Knows what is in them; knows nothing of how they are read.
"""

from __future__ import annotations

from documents.document_files import PROSE, pdf

HARBOUR = "The Harbour Office"
FACT = "The secret number of Martin Corbett is 48213."
QUESTION = "What is the secret number of Martin Corbett?"
FACT_PAGE = 3
"""The page, counted from one, on which the fact stands."""


def small_pdf(title: str = HARBOUR, pages: int = 5) -> bytes:
    """A PDF of several pages in chapters of two pages, with the fact on one of them."""
    made = [_page(title, number) for number in range(1, pages + 1)]
    outline = [(f"Chapter {1 + first // 2}", first) for first in range(0, pages, 2)]
    return pdf(made, outline=outline, title=title)


def long_text(paragraphs: int = 700) -> str:
    """A text of some forty tokens a paragraph, no two of them the same."""
    prose = " ".join(PROSE)
    return "\n\n".join(f"On day {n} ship {n * 7} came in. {prose}" for n in range(paragraphs))


def _page(title: str, number: int) -> list[str]:
    lines = [f"{title}, leaf {number}.", *PROSE, *PROSE, *PROSE, *PROSE]
    if number == FACT_PAGE:
        lines.insert(9, FACT)
    return lines
