"""The files that the examples of the README and of docs/ name, small enough to be read at once."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import torch
from documents.document_files import PROSE, epub, pdf, word_file, xhtml, zipped
from transformers import Qwen2Config, Qwen2ForCausalLM

from beacon_qa.beacon import load_tokenizer
from beacon_qa.engine import BUILTIN

CHAPTERS = (
    "Loomings", "The Carpet-Bag", "The Spouter-Inn", "The Counterpane", "Breakfast", "The Street",
    "The Chapel",
)  # fmt: skip
_LINES = [f"On day {day} the mate counted {day * 7} barrels in the hold." for day in range(1, 41)]


def write_samples(folder: Path) -> None:
    """Write all of them into an existing folder."""
    (folder / "notes.txt").write_text("\n\n".join(_LINES[:30]))
    (folder / "appendix.txt").write_text("\n\n".join(_LINES[30:]))
    (folder / "questions.txt").write_text("Who counted the barrels?\nOn which day?\n")
    (folder / "moby-dick.epub").write_bytes(_novel())
    # No line stands on two pages: it would be taken for a running header.
    report = [[PROSE[page], *_LINES[page * 10 : page * 10 + 9]] for page in range(4)]
    outline = [("The Harbour", 1), ("The Boats", 3)]
    (folder / "report.pdf").write_bytes(pdf(report, outline=outline, roman_pages=1, title="Report"))
    (folder / "secret.pdf").write_bytes(pdf(report[:1], password="open sesame"))
    (folder / "thesis.docx").write_bytes(word_file())
    chat = {"document": "\n".join(_LINES), "question": "Who counted?", "answer": "The mate."}
    (folder / "chats.jsonl").write_text(json.dumps(chat) + "\n")
    books = folder / "books"
    books.mkdir()
    for name in ("one", "two"):
        (books / f"{name}.txt").write_text("\n\n".join([f"This is book {name}.", *_LINES * 5]))
    _write_plain_model(folder / "plain-model")


def _novel() -> bytes:
    """An EPUB of seven short chapters, called Moby-Dick."""
    pages: dict[str, str | bytes] = {
        f"c{number}.xhtml": xhtml(
            f"<h1>{title}</h1><p>This is told in chapter {number}.</p>"
            f"<p>{' '.join(_LINES[number * 4 : number * 4 + 4])}</p>"
        )
        for number, title in enumerate(CHAPTERS, start=1)
    }
    made = epub(pages, contents=list(zip(CHAPTERS, pages, strict=True)))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    package = members["OPS/book.opf"].replace(b"The Harbour", b"Moby-Dick")
    return zipped({**members, "OPS/book.opf": package})


def _write_plain_model(folder: Path) -> None:
    """A tiny Qwen2 without beacons, its weights random."""
    tokenizer = load_tokenizer(BUILTIN)
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
