"""Prose of a novel with a few facts in it, of which some questions ask for one and some for all."""

from __future__ import annotations

import dataclasses
from hashlib import sha256
from pathlib import Path

from small_documents import make_document

from beacon_qa.documents import Document, Span

NOVEL = Path(__file__).parents[2] / "beacon_qa" / "demo" / "the-thirty-nine-steps.txt"
CAPTAINS = {
    "Orson Vale": "lamp", "Petra Lind": "ledger", "Hugo Marsh": "compass", "Selma Brandt": "violin",
    "Ivan Roke": "anchor", "Clara Dunne": "kettle",
}  # fmt: skip


def captains() -> Document:
    """Prose of a novel with a fact after every 3,000 characters, and a page each."""
    prose = NOVEL.read_text("utf-8")
    facts = [f"{name} is the captain of the ship {ship}." for name, ship in CAPTAINS.items()]
    pieces = []
    for number, fact in enumerate(facts, start=2):
        piece = prose[number * 3000 : (number + 1) * 3000]
        pieces.append(f"{piece[piece.index(' ') : piece.rindex('.')].strip()}.\n\n{fact}\n\n")
    text = "".join(pieces)
    edges = [sum(map(len, pieces[:number])) for number in range(len(pieces) + 1)]
    spans = tuple(Span(edges[n], edges[n + 1], str(n + 1)) for n in range(len(pieces)))
    digest = sha256(text.encode()).hexdigest()
    return dataclasses.replace(
        make_document(), text=text, pages=spans, chapters=(), title="Captains", content_hash=digest
    )
