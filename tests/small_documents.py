"""Documents made for tests: numbered sentences on numbered pages."""

from __future__ import annotations

from hashlib import sha256

from beacon_qa.documents import Document, OffsetMap, Span


def make_document(sentences: int = 120, title: str = "The Whale") -> Document:
    """A document of numbered sentences, ten a page, with three chapters of equal size."""
    lines = [f"Sentence {number} tells of whale {number * 7}.\n" for number in range(sentences)]
    text = "".join(lines)
    places = [0]
    for line in lines:
        places.append(places[-1] + len(line))
    pages = tuple(
        Span(places[i], places[min(i + 10, sentences)], str(i // 10 + 1))
        for i in range(0, sentences, 10)
    )
    third = sentences // 3
    chapters = tuple(
        Span(places[i * third], places[(i + 1) * third], name)
        for i, name in enumerate(("Loomings", "The Chase", "Epilogue"))
    )
    return Document(
        text=text,
        pages=pages,
        chapters=chapters,
        title=title,
        author="H. M.",
        language="en",
        format="text",
        content_hash=sha256((title + text).encode()).hexdigest(),
        notes=(),
        offsets=OffsetMap((0,), (0,), tuple(page.start for page in pages), len(text)),
    )
