"""Packed texts: token ids of whole corpora in flat files that are mapped, not read.

Knows token ids and where documents, sections and questions begin. Does not know what samples
are made of them.

    <kind>.tokens.npy      uint16, all sections one after the other
    <kind>.sections.npy    int64, where each section begins, and the end of the last
    <kind>.documents.npy   int64, the first section of each document, and the end of the last
    <kind>.words.npy       uint16, question 0, answer 0, question 1, ...
    <kind>.turns.npy       int64, where each of those begins, and the end of the last
    <kind>.places.npy      int64, a row a question: document, first and last section of the answer
    index.json             titles, counts, and the vocabulary's checksum
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from beacon_qa.errors import TrainingError
from beacon_qa.training.texts import HeldOut, Text, curl_quotes
from beacon_qa.training.vocabulary import encode_texts

log = logging.getLogger(__name__)

Ids = NDArray[np.uint16]
Offsets = NDArray[np.int64]

# Joined to the section before it: tokens are the same as those of the joined text.
SECTION_BREAK = "\n\n"
_PARAGRAPH = re.compile(r"\n\s*\n(?=\S)")
_PART = 50_000
_FIELDS = ("tokens", "sections", "documents", "words", "turns", "places")


@dataclass(frozen=True)
class Packed:
    """One kind of text as token ids: flat arrays, mapped from disk (shapes in the module's top)."""

    tokens: Ids
    sections: Offsets
    documents: Offsets
    words: Ids
    turns: Offsets
    places: Offsets

    def document(self, row: int) -> Ids:
        """The ids of one whole document."""
        first, last = self.documents[row], self.documents[row + 1]
        return self.tokens[self.sections[first] : self.sections[last]]

    def question(self, row: int) -> tuple[Ids, Ids]:
        """The ids of a question and of its answer."""
        start, middle, end = self.turns[2 * row : 2 * row + 3]
        return self.words[start:middle], self.words[middle:end]


@dataclass
class _Growing:
    """The arrays of one kind while texts are still being added."""

    tokens: list[Ids] = field(default_factory=list)
    sections: list[int] = field(default_factory=list)
    documents: list[int] = field(default_factory=lambda: [0])
    words: list[Ids] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)

    def add(self, text: Text, tokenizer: Tokenizer) -> None:
        """Encode one text, its sections joined by an empty line, and its questions."""
        base, row = self.documents[-1], len(self.titles)
        self.tokens += [_encode(section + SECTION_BREAK, tokenizer) for section in text.sections]
        turns = [words for q in text.questions for words in (q.text, as_answer(q.answer))]
        self.words += map(_ids, encode_texts(tokenizer, turns))
        self.places += [
            (row, base + q.first_section, base + q.last_section) for q in text.questions
        ]
        self.documents.append(base + len(text.sections))
        self.titles.append(text.title)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The finished arrays, by field of `Packed`."""
        return {
            "tokens": _joined(self.tokens),
            "sections": _bounds(self.tokens),
            "documents": np.array(self.documents, np.int64),
            "words": _joined(self.words),
            "turns": _bounds(self.words),
            "places": np.array(self.places, np.int64).reshape(-1, 3),
        }


def pack_texts(
    texts: Iterable[Text],
    tokenizer: Tokenizer,
    folder: Path,
    *,
    held_out: HeldOut | None = None,
    curled: float = 0.25,
) -> dict[str, int]:
    """Encode texts into `folder`, one set of arrays a kind; returns tokens by kind.

    Held-out books are left out. A share `curled` of the texts gets curly quotation marks, which
    transcribed books lack and typeset ones have. Raises TrainingError if nothing is left.
    """
    if tokenizer.get_vocab_size() > 1 << 16:
        raise TrainingError(
            f"A vocabulary of {tokenizer.get_vocab_size()} entries does not fit 16-bit ids; "
            "use the built-in vocabulary."
        )
    growing: dict[str, _Growing] = {}
    for count, text in enumerate(texts):
        if held_out is not None and held_out.holds(text):
            log.info("left out %s by %s: held out of training", text.title, text.author)
            continue
        chosen = _curled(text) if int(count * curled) != int((count + 1) * curled) else text
        growing.setdefault(text.kind, _Growing()).add(chosen, tokenizer)
    if not growing:
        raise TrainingError("No text is left to train on: all were held out, or none was given.")
    return _write(growing, tokenizer, folder)


def open_packed(folder: Path, tokenizer: Tokenizer) -> dict[str, Packed]:
    """Map the packed texts of a folder, by kind.

    Raises TrainingError if there are none, or if they were packed with another vocabulary.
    """
    try:
        index = json.loads((folder / "index.json").read_text("utf-8"))
        if index["vocabulary"] != vocabulary_checksum(tokenizer):
            raise TrainingError(f"{folder} was packed with another vocabulary; pack again.")
        return {
            kind: Packed(*(np.load(folder / f"{kind}.{name}.npy", "r") for name in _FIELDS))
            for kind in index["kinds"]
        }
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"{folder} has no readable packed texts ({error}); pack again."
        ) from error


def as_answer(words: str) -> str:
    """An answer as it is taught: ended by a full stop, and begun by a space.

    With the space its words have the tokens they have inside the text they are copied from.
    """
    return " " + (words if words.endswith((".", "!", "?")) else words + ".")


def vocabulary_checksum(tokenizer: Tokenizer) -> str:
    """A short checksum of a vocabulary, to tell packed files of another one."""
    return hashlib.sha256(tokenizer.to_str().encode()).hexdigest()[:16]


def _write(growing: dict[str, _Growing], tokenizer: Tokenizer, folder: Path) -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, dict[str, Any]] = {}
    for kind, grown in growing.items():
        arrays = grown.arrays()
        for name, array in arrays.items():
            np.save(folder / f"{kind}.{name}.npy", array)
        kinds[kind] = {
            "tokens": len(arrays["tokens"]),
            "documents": len(grown.titles),
            "questions": len(arrays["places"]),
            "titles": grown.titles,
        }
    index = {"vocabulary": vocabulary_checksum(tokenizer), "kinds": kinds}
    (folder / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False), "utf-8")
    return {kind: entry["tokens"] for kind, entry in kinds.items()}


def _encode(text: str, tokenizer: Tokenizer) -> Ids:
    """Encode a text, long ones in parts side by side; cut after empty lines, no token changes."""
    cuts = [0]
    while found := _PARAGRAPH.search(text, cuts[-1] + _PART):
        cuts.append(found.end())
    parts = [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    return _joined([_ids(tokens) for tokens in encode_texts(tokenizer, parts)])


def _curled(text: Text) -> Text:
    sections = tuple(curl_quotes(section) for section in text.sections)
    # Answers are copied from the text, so that they carry its quotation marks.
    questions = tuple(
        type(q)(curl_quotes(q.text), curl_quotes(q.answer), q.first_section, q.last_section)
        for q in text.questions
    )
    return Text(text.kind, text.title, text.author, sections, questions)


def _ids(tokens: list[int]) -> Ids:
    return np.array(tokens, np.uint16)


def _joined(parts: list[Ids]) -> Ids:
    return np.concatenate(parts) if parts else np.zeros(0, np.uint16)


def _bounds(parts: list[Ids]) -> Offsets:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
