"""The keys and values of one decoder layer: what is kept of the text, and the open window.

In this order along the token dimension:

    | sink | beacons of the full windows | open window: raw tokens and beacons | room |
     0      s                             held                                 length

A layer owns one buffer. That of a fork begins where the open window began: what lies before it is
shared with the memory it was forked from, where it is never written again. Knows tensors and
places; knows nothing of windows or ratios.
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

    `keys` and `values` are the layer's own buffer, `shared` the entries before it, if any.
    Without gradients the buffer is preallocated and written in place. With gradients each step
    makes new tensors, since the graph needs the old ones.
    """

    is_sliding = False
    keys: Tensor
    values: Tensor
    is_initialized: bool

    def __init__(self) -> None:
        super().__init__()
        self.length = 0
        self.reserved = 0
        self.shared: tuple[Tensor, Tensor] | None = None

    @property
    def begin(self) -> int:
        """The place of the first entry of the layer's own: as many are shared."""
        return 0 if self.shared is None else int(self.shared[0].shape[2])

    @property
    def on_cpu(self) -> bool:
        """Whether its entries lie in the main memory."""
        return not self.is_initialized or self.keys.device.type == "cpu"

    @property
    def nbytes(self) -> int:
        """Bytes of the entries held, those shared included."""
        if not self.is_initialized:
            return 0
        rows, heads, _, size = self.keys.shape
        return 2 * rows * heads * self.length * size * self.keys.element_size()

    def whole(self) -> tuple[Tensor, Tensor]:
        """All keys and values held, those shared included; a copy where any are shared."""
        own = self.length - self.begin
        keys, values = self.keys[:, :, :own], self.values[:, :, :own]
        if self.shared is None:
            return keys, values
        return torch.cat((self.shared[0], keys), dim=2), torch.cat((self.shared[1], values), dim=2)

    def fork(self, held: int, length: int) -> MemoryLayer:
        """A layer over the first `length` entries of this one; neither sees the other's writes.

        The first `held`, which are condensed and stay as they are, are shared as far as they lie
        in one piece; the others are copied.
        """
        twin = MemoryLayer()
        twin.is_initialized, twin.length = self.is_initialized, length
        if not self.is_initialized:
            return twin
        keys, values = self.shared or (self.keys, self.values)
        cut = min(held, self.begin) if self.shared is not None else held
        twin.shared = (keys[:, :, :cut], values[:, :, :cut]) if cut else None
        start, count = max(cut - self.begin, 0), length - cut
        twin.keys = _grown(self.keys[:, :, start:], count, count + _STEP)
        twin.values = _grown(self.values[:, :, start:], count, count + _STEP)
        return twin

    def gathered(self, entries: Tensor, frequencies: Tensor) -> MemoryLayer:
        """A layer of `entries` of this one (indices, ascending), their keys turned to new places.

        Nothing is shared.
        """
        twin = MemoryLayer()
        if self.is_initialized:
            keys, values = self.whole()
            entries = entries.to(keys.device)
            shift = torch.arange(len(entries), device=entries.device) - entries
            turned = turn(keys.index_select(2, entries), shift, frequencies.to(keys.device))
            twin.adopt(turned, values.index_select(2, entries))
        return twin

    def own(self) -> None:
        """Copy what is shared, so that nothing is."""
        if self.shared is not None:
            keys, values = self.whole()
            self.keys, self.values, self.shared = keys, values, None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append entries, and return all keys and values of the layer's own with them."""
        # Under autocast rotation gives keys of 32 bits beside values of 16: all are kept alike, so
        # that a memory is not cast anew for every window that looks at it.
        key_states = key_states.to(value_states.dtype)
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        if torch.is_grad_enabled():
            self.own()
        start = self.length - self.begin
        end = start + key_states.shape[2]
        self.length += key_states.shape[2]
        if torch.is_grad_enabled():
            self.keys = torch.cat((self.keys[:, :, :start], key_states), dim=2)
            self.values = torch.cat((self.values[:, :, :start], value_states), dim=2)
            return self.keys, self.values
        self._make_room(start, end)
        self.keys[:, :, start:end] = key_states
        self.values[:, :, start:end] = value_states
        return self.keys[:, :, :end], self.values[:, :, :end]

    def keep(self, entries: Tensor, start: int, shift: Tensor, frequencies: Tensor) -> None:
        """Move `entries` (indices, ascending) to `start`, and drop what follows.

        Each key is turned by `shift` positions. This closes a window: the beacons' keys are
        turned once, to where they stay (spec section 7).
        """
        device = self.keys.device
        end = start + len(entries)
        mine = entries.to(device) - self.begin
        keys = self.keys.index_select(2, mine)
        keys = turn(keys, shift.to(device), frequencies.to(device))
        values = self.values.index_select(2, mine)
        first, last = start - self.begin, end - self.begin
        if torch.is_grad_enabled():
            self.keys = torch.cat((self.keys[:, :, :first], keys), dim=2)
            self.values = torch.cat((self.values[:, :, :first], values), dim=2)
        else:
            self._make_room(first, last)
            self.keys[:, :, first:last] = keys
            self.values[:, :, first:last] = values
        self.length = end

    def _make_room(self, used: int, needed: int) -> None:
        capacity = self.keys.shape[2]
        if needed > capacity:
            grown = capacity + max(_STEP, capacity // 2)
            capacity = max(needed, self.reserved - self.begin, grown)
            self.keys = _grown(self.keys, used, capacity)
            self.values = _grown(self.values, used, capacity)

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Take batch, heads, size, dtype and device from the first keys and values."""
        self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        self.is_initialized = True

    def adopt(self, keys: Tensor, values: Tensor) -> None:
        """Take keys and values made elsewhere, a memory file say, as this layer's own."""
        self.keys, self.values, self.length = keys, values, keys.shape[2]
        self.shared, self.is_initialized = None, True

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat each row, for several answers to one prompt."""
        keys, values = self.whole()
        self.adopt(keys.repeat_interleave(repeats, dim=0), values.repeat_interleave(repeats, dim=0))

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
