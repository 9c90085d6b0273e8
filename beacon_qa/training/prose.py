"""Stretches of running text, and the places between sentences where more can be put in.

Knows packed texts and which tokens end and begin a sentence. Does not know questions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from beacon_qa.errors import TrainingError
from beacon_qa.training.packing import Ids, Packed
from beacon_qa.training.vocabulary import DOC

KIND_SHARES: Mapping[str, float] = {
    "book": 0.84,
    "article": 0.08,
    "manual": 0.03,
    "story": 0.03,
    "tale": 0.01,
    "meeting": 0.01,
}
"""How often prose is drawn from each kind of text; kinds that are absent are left out."""

_OPENERS = tuple("\"'“‘(_—")
_ABBREVIATIONS = (" Mr", " Mrs", " Dr", " St", " M", " Mme", " Messrs", " Capt", " No", " Rev")
# Prose starts with a sentence if one begins within so many tokens.
_NEAR = 96


class Prose:
    """Draws stretches of text of an exact number of tokens."""

    def __init__(
        self,
        packed: Mapping[str, Packed],
        tokenizer: Tokenizer,
        shares: Mapping[str, float] = KIND_SHARES,
    ) -> None:
        kinds = [kind for kind in packed if shares.get(kind, 0.0) > 0 and len(packed[kind].tokens)]
        if not kinds:
            raise TrainingError(
                f"No prose among the packed texts ({', '.join(packed) or 'none'}); "
                "add books to the folder of texts and pack again."
            )
        self._texts = [(packed[kind].tokens, _starts(packed[kind])) for kind in kinds]
        self._cumulative = np.cumsum([shares[kind] for kind in kinds])
        self._ends, self._begins, self._shortens = _sentence_marks(tokenizer)

    def stretch(self, rng: np.random.Generator, count: int) -> Ids:
        """Exactly `count` ids of one document; of several, each after <|doc|>, if it is short."""
        parts: list[Ids] = []
        while count > 0:
            part = self._piece(rng, count)
            parts.append(part)
            count -= len(part)
            if count > 0:
                parts.append(np.array([DOC], np.uint16))
                count -= 1
        return np.concatenate(parts) if parts else np.zeros(0, np.uint16)

    def breaks(self, ids: Ids) -> NDArray[np.int64]:
        """The places in `ids` before which a sentence can be put in, in order."""
        between = self._ends[ids[:-1]] & self._begins[ids[1:]]
        between[1:] &= ~self._shortens[ids[:-2]]
        places: NDArray[np.int64] = np.flatnonzero(between) + 1
        return places

    def _piece(self, rng: np.random.Generator, count: int) -> Ids:
        drawn = rng.random() * self._cumulative[-1]
        tokens, starts = self._texts[int(np.searchsorted(self._cumulative, drawn, "right"))]
        offset = int(rng.integers(len(tokens)))
        row = int(np.searchsorted(starts, offset, "right"))
        first, end = int(starts[row - 1]), int(starts[row])
        offset = max(first, min(offset, end - count - _NEAR))
        near = self.breaks(tokens[offset : offset + _NEAR])
        if offset > first and len(near) and offset + int(near[0]) + count <= end:
            offset += int(near[0])
        return tokens[offset : min(offset + count, end)]


def _starts(packed: Packed) -> NDArray[np.int64]:
    """Where each document begins in the tokens, and the end of the last."""
    starts: NDArray[np.int64] = np.unique(packed.sections[packed.documents])
    return starts


def _sentence_marks(tokenizer: Tokenizer) -> tuple[NDArray[np.bool_], ...]:
    """For every token: it ends a sentence, it begins one, it is shortened by the full stop."""
    size = tokenizer.get_vocab_size()
    ends, begins, shortens = (np.zeros(size, np.bool_) for _ in range(3))
    for token_id in range(DOC + 1, size):
        text = tokenizer.decode([token_id])
        bare = text.strip().lstrip("".join(_OPENERS))
        ends[token_id] = text.rstrip("\"'”’)_").endswith((".", "!", "?"))
        begins[token_id] = text.startswith("\n") or (
            text.startswith(" ") and (bare[:1].isupper() or text.strip() in _OPENERS)
        )
        shortens[token_id] = text in _ABBREVIATIONS or (len(text) == 2 and text[1].isupper())
    return ends, begins, shortens
