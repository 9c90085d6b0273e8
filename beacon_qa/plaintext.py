"""Text to token ids without control tokens, and token windows back to places in the text.

Knows a fast tokenizer and character offsets; knows nothing of templates, models or files.
A book may contain `<|im_end|>` or `<tool_call>`: such words are cut in two before tokenizing, so
that they come out as ordinary tokens. (A tokenizer's own switch for this, `split_special_tokens`,
spares words that are registered but not marked special, and is state shared between threads.)
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class EncodedText:
    """Token ids of a text and the character offset at which each of them starts."""

    ids: list[int]
    starts: array[int]
    characters: int

    def __len__(self) -> int:
        return len(self.ids)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Characters [start, end) covered by tokens [first, last); ends are clipped to the text."""
        return self._start(first), self._start(last)

    def tokens_before(self, offset: int) -> int:
        """How many tokens start before this character offset."""
        return bisect_left(self.starts, offset)

    def _start(self, token: int) -> int:
        if token <= 0:
            return 0
        return self.starts[token] if token < len(self.starts) else self.characters


_HALVES = re.compile("[\ud800-\udfff]")


class PlainTextEncoder:
    """Encodes text as ordinary tokens only."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder
        # Runs of spaces are ordinary words in some vocabularies, registered the same way.
        words = {token: str(entry.content) for token, entry in added.items()}
        self._control = frozenset(token for token, word in words.items() if word.strip())
        found = sorted((words[token] for token in self._control), key=len, reverse=True)
        # Looking ahead finds every place where one begins, also inside another.
        self._pattern = re.compile(f"(?={'|'.join(map(re.escape, found))})") if found else None

    def encode(self, text: str, seams: Sequence[int] = ()) -> EncodedText:
        """Ids and starts of the text; no token crosses a seam (a character offset)."""
        # Half of a character, as a text cut in UTF-16 ends with, is no text to a tokenizer.
        text = _HALVES.sub("\ufffd", text)
        ids: list[int] = []
        starts = array("q")
        for begin, end in self._pieces(text, seams):
            encoded = self._tokenizer(
                text[begin:end],
                add_special_tokens=False,
                return_offsets_mapping=True,
                return_attention_mask=False,
                verbose=False,
            )
            for token, (start, _) in zip(
                encoded["input_ids"], encoded["offset_mapping"], strict=True
            ):
                # Normalising can still spell a control word (from full-width letters, say).
                if token not in self._control:
                    ids.append(token)
                    starts.append(begin + start)
        return EncodedText(ids, starts, len(text))

    def _pieces(self, text: str, seams: Sequence[int]) -> Iterator[tuple[int, int]]:
        cuts = {place for place in seams if 0 < place < len(text)}
        if self._pattern is not None:
            cuts.update(match.start() + 1 for match in self._pattern.finditer(text))
        places = [0, *sorted(cuts), len(text)]
        return ((begin, end) for begin, end in pairwise(places) if end > begin)
