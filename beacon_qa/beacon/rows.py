"""Several texts that go on from one memory, side by side: one pass of the model a token each.

    shared   | sink | beacons of the full windows |     one set of keys and values
    text 0                                        | open window, question, answer |
    text 1                                        | open window, question |         a table of tails
    text 2                                        | beacons | open window |

Each text is a fork of the memory with a clock of its own: it has its own length and positions,
and condenses its own windows. Its tail lies in a table with those of the others, so that one
product serves them all. Knows tensors, forks and their places; chooses no tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin
from transformers.modeling_outputs import CausalLMOutputWithPast

from beacon_qa.beacon.layers import MemoryLayer
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.plugin import Reading, Seating, reading
from beacon_qa.beacon.seating import seat
from beacon_qa.beacon.windows import Chunk, Clock

_ROOM = 256
"""Entries by which the table of tails is made longer than is needed now."""


class TailLayer(CacheLayerMixin):  # type: ignore[misc]
    """The tails of one layer, (texts, kv_heads, room, head_dim); each text's layer is a view.

    They lie entry by entry in memory: a place is `row * room + entry`.
    """

    is_sliding = False
    keys: Tensor
    values: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[MemoryLayer] = []
        self.places = torch.empty(0, dtype=torch.long)
        self.longest = 0

    def lay(self, texts: list[MemoryLayer], room: int) -> None:
        """Lay these texts' tails into one table with `room` entries each."""
        self.texts = list(texts)
        self.keys = _table([text.keys for text in texts], texts, room)
        self.values = _table([text.values for text in texts], texts, room)
        for row in range(len(texts)):
            self._view(row)

    def leave(self, row: int) -> None:
        """Take a text out; the last one gets its row."""
        last = self.texts.pop()
        if row < len(self.texts):
            own = last.length - last.begin
            self.keys[row, :, :own] = self.keys[-1, :, :own]
            self.values[row, :, :own] = self.values[-1, :, :own]
            self.texts[row] = last
            self._view(row)
        self.keys, self.values = self.keys[:-1], self.values[:-1]

    def _view(self, row: int) -> None:
        self.texts[row].keys = self.keys[row : row + 1]
        self.texts[row].values = self.values[row : row + 1]

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write each position's entry to its text and place, and return all tails."""
        places = self.places.to(self.keys.device)
        _entries(self.keys).index_copy_(0, places, key_states[0].transpose(0, 1))
        _entries(self.values).index_copy_(0, places, value_states[0].transpose(0, 1))
        return self.keys[:, :, : self.longest], self.values[:, :, : self.longest]

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the texts bring their keys."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """No mask is made; the sizes of the table."""
        return self.longest, 0

    def get_seq_length(self) -> int:
        """Entries of the longest tail."""
        return self.longest

    def get_max_length(self) -> int:
        """No fixed maximum: -1."""
        return -1


class Rows(Cache):  # type: ignore[misc]
    """Texts that go on together; those that are forks of one memory share its condensed part.

    `heads` are the model's (query, key/value) heads. Texts may join and leave between two steps; a
    text that has left cannot go on.
    """

    def __init__(self, layers: int, heads: tuple[int, int]) -> None:
        super().__init__(layers=[TailLayer() for _ in range(layers)])
        self.texts: list[Memory] = []
        self._heads = heads
        self._room = 0

    def join(self, text: Memory) -> None:
        """Go on with this text too, in the last row."""
        self.texts.append(text)
        self._room = 0  # laid anew with the next step: several often join at once

    def leave(self, row: int) -> None:
        """Go on without this text; the last one gets its row."""
        last = self.texts.pop()
        if row < len(self.texts):
            self.texts[row] = last
        if self._room:
            for layer in self.layers:
                layer.leave(row)

    def _lay(self, needed: int) -> None:
        self._room = needed + _ROOM
        for index, layer in enumerate(self.layers):
            layer.lay([text.layers[index] for text in self.texts], self._room)

    @contextmanager
    def reading(self, chunks: list[Chunk], after: list[Clock]) -> Iterator[Seating]:
        """Run the model inside over a chunk of each text; then they count, as in a memory."""
        tails = [text.kept - text.layers[0].begin for text in self.texts]
        ends = [tail + chunk.size for tail, chunk in zip(tails, chunks, strict=True)]
        if max(ends) > self._room:
            self._lay(max(ends))
        spans = [
            (row * self._room + tail, row * self._room + end)
            for row, (tail, end) in enumerate(zip(tails, ends, strict=True))
        ]
        places = torch.tensor([place for span in spans for place in range(*span)])
        for layer in self.layers:
            layer.places, layer.longest = places, max(ends)
        with ExitStack() as each:
            for text, chunk, clock in zip(self.texts, chunks, after, strict=True):
                each.enter_context(text.reading(chunk, clock))
            yield seat(self.texts, chunks, tails, self._heads)
            for text, chunk in zip(self.texts, chunks, strict=True):
                for kept in text.layers:
                    kept.length += chunk.size

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Entries of the longest tail; positions are given by the step."""
        return int(self.layers[0].longest)


@torch.no_grad()
def step(model: Any, ids: Tensor, rows: Rows) -> CausalLMOutputWithPast:
    """Read one more token of each text; ids (texts, 1), logits (texts, 1, vocabulary)."""
    passes = [text.clock.next_pass(text.tokens + 1) for text in rows.texts]
    chunks, after = [chunk for (chunk,), _ in passes], [clock for _, clock in passes]
    device = ids.device
    source: list[int] = []
    places: list[int] = []
    beacons: list[int] = []
    tokens: list[int] = []
    for row, (text, chunk) in enumerate(zip(rows.texts, chunks, strict=True)):
        tokens.append(len(source))
        beacons += [len(source) + place for place in chunk.beacons]
        source += [row] + [len(chunks)] * len(chunk.beacons)
        places += range(text.kept, text.kept + chunk.size)
    embeds = model.model.embed_tokens(ids[:, 0])
    embeds = torch.cat((embeds, model.beacon_row(embeds))).index_select(
        0, torch.tensor(source, device=device)
    )
    where = torch.tensor(beacons, device=device) if beacons else None
    with (
        rows.reading(chunks, after) as seating,
        reading(Reading(where, None, rows.layers, seating)),
    ):
        hidden = model.model(
            inputs_embeds=embeds[None],
            position_ids=torch.tensor([places], device=device),
            past_key_values=rows,
            use_cache=True,
        ).last_hidden_state
        last = torch.tensor(tokens, device=hidden.device)
        logits = model.lm_head(hidden[0].index_select(0, last))[:, None].float()
    return CausalLMOutputWithPast(logits=logits, past_key_values=rows)


def _entries(table: Tensor) -> Tensor:
    """The table as (places, kv_heads, head_dim)."""
    return table.transpose(1, 2).flatten(0, 1)


def _table(tails: list[Tensor], texts: list[MemoryLayer], room: int) -> Tensor:
    _, heads, _, size = tails[0].shape
    with torch.inference_mode(False):
        # Zeros: a place that is hidden must still hold a number.
        table = tails[0].new_zeros(len(tails), room, heads, size).transpose(1, 2)
    for row, (tail, text) in enumerate(zip(tails, texts, strict=True)):
        own = text.length - text.begin
        table[row, :, :own] = tail[0, :, :own]
    return table
