"""The keys and values of one decoder layer: what is kept of the text, and the open window.

One buffer a layer, in this order along its token dimension:

    | sink | beacons of the full windows | open window: raw tokens and beacons | room |
     0      s                             held                                 length

Knows tensors and places in the buffer; knows nothing of windows or ratios.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers.cache_utils import CacheLayerMixin

from beacon_qa.beacon.rotary import turn

_STEP = 256
"""Buffers grow by half, and by at least this many entries, so that appending stays cheap."""


class MemoryLayer(CacheLayerMixin):  # type: ignore[misc]
    """Keys (rotated) and values of one layer, (batch, kv_heads, tokens, head_dim).

    Without gradients they live in a preallocated buffer and are written in place; a layer that
    shares its buffer with another copies it before its first write. With gradients each step makes
    new tensors, since the graph needs the old ones.
    """

    is_sliding = False
    keys: Tensor
    values: Tensor
    is_initialized: bool

    def __init__(self) -> None:
        super().__init__()
        self.length = 0
        self.shared = False
        self.reserved = 0

    def share(self, length: int) -> MemoryLayer:
        """A layer over the first `length` entries of this one; neither sees the other's writes."""
        twin = MemoryLayer()
        twin.keys, twin.values = self.keys, self.values
        twin.is_initialized, twin.length = self.is_initialized, length
        self.shared = twin.shared = True
        return twin

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append entries, and return all keys and values with them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, self.length = self.length, self.length + key_states.shape[2]
        if torch.is_grad_enabled():
            self.keys = torch.cat((self.keys[:, :, :start], key_states), dim=2)
            self.values = torch.cat((self.values[:, :, :start], value_states), dim=2)
            return self.keys, self.values
        self._make_room(start)
        self.keys[:, :, start : self.length] = key_states
        self.values[:, :, start : self.length] = value_states
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]

    def keep(self, entries: Tensor, start: int, frequencies: Tensor) -> None:
        """Move `entries` (indices, ascending) to `start`, turn their keys, and drop what follows.

        This closes a window: the beacons' keys are turned once, to where they stay (spec
        section 7).
        """
        entries = entries.to(self.keys.device)
        end = start + len(entries)
        shift = torch.arange(start, end, device=entries.device) - entries
        keys = turn(self.keys.index_select(2, entries), shift, frequencies.to(self.keys.device))
        values = self.values.index_select(2, entries)
        if torch.is_grad_enabled():
            self.keys = torch.cat((self.keys[:, :, :start], keys), dim=2)
            self.values = torch.cat((self.values[:, :, :start], values), dim=2)
        else:
            self._make_room(start, end)
            self.keys[:, :, start:end] = keys
            self.values[:, :, start:end] = values
        self.length = end

    def _make_room(self, used: int, needed: int | None = None) -> None:
        needed = max(self.length, needed or 0)
        capacity = self.keys.shape[2]
        if needed <= capacity and not self.shared:
            return
        if needed > capacity:
            capacity = max(needed, self.reserved, capacity + max(_STEP, capacity // 2))
        self.keys = _grown(self.keys, used, capacity)
        self.values = _grown(self.values, used, capacity)
        self.shared = False

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Take batch, heads, size, dtype and device from the first keys and values."""
        self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        self.is_initialized = True

    def adopt(self, keys: Tensor, values: Tensor) -> None:
        """Take keys and values made elsewhere, a memory file say, as this layer's own."""
        self.keys, self.values, self.length = keys, values, keys.shape[2]
        self.is_initialized = True

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat each row, for several answers to one prompt."""
        self.adopt(
            self.keys[:, :, : self.length].repeat_interleave(repeats, dim=0),
            self.values[:, :, : self.length].repeat_interleave(repeats, dim=0),
        )
        self.shared = False

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Keys that `query_length` more positions will see, and the offset of the first."""
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        """Entries held, sinks and beacons included."""
        return self.length

    def get_max_length(self) -> int:
        """No fixed maximum: -1."""
        return -1


def _grown(tensor: Tensor, used: int, capacity: int) -> Tensor:
    batch, heads, _, size = tensor.shape
    # A buffer made inside inference mode could not be written outside it.
    with torch.inference_mode(False):
        grown = torch.empty(
            (batch, heads, capacity, size), dtype=tensor.dtype, device=tensor.device
        )
    grown[:, :, :used] = tensor[:, :, :used]
    return grown
