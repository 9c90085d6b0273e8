"""Memory: a text condensed into the keys and values of its beacons.

A memory is the cache a model is run with, and a value: it can be forked, cut back to an earlier
window, saved and opened again. Knows windows, sizes and where they lie in the layers' buffers;
knows nothing of files (see memory_file) or of how a model fills it (see model).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import accumulate

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from beacon_qa.beacon.config import BeaconConfig
from beacon_qa.beacon.identity import ModelIdentity
from beacon_qa.beacon.layers import MemoryLayer
from beacon_qa.beacon.layout import Abreast
from beacon_qa.beacon.watch import Watch
from beacon_qa.beacon.windows import PASS, Chunk, Clock, kept_per_window
from beacon_qa.errors import ModelError


class Memory(Cache):  # type: ignore[misc]
    """The condensed keys and values of a text, and the window still open at its end.

    Two lengths matter: `tokens`, the raw tokens seen, which `generate` counts with, and `kept`,
    the entries attention sees. Made by `model.new_memory()`.
    """

    def __init__(
        self,
        clock: Clock,
        layers: list[MemoryLayer],
        *,
        identity: ModelIdentity,
        frequencies: Tensor,
        held: int = 0,
    ) -> None:
        super().__init__(layers=layers)
        self.clock = clock
        self.identity = identity
        self.frequencies = frequencies
        self.held = held
        self.watch: Watch | None = None
        """Counts where attention falls while this memory is read on; a fork starts without."""

    @property
    def config(self) -> BeaconConfig:
        """The beacon settings it is made with."""
        return self.clock.config

    @property
    def tokens(self) -> int:
        """Raw tokens seen."""
        return self.clock.tokens

    @property
    def windows(self) -> int:
        """Full windows condensed."""
        return len(self.clock.closed)

    @property
    def ratios(self) -> tuple[int, ...]:
        """The condensing ratio of each full window."""
        return tuple(self.clock.closed)

    @property
    def kept(self) -> int:
        """Entries held in each layer: sinks, beacons and the open window."""
        return int(self.layers[0].length)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Entries of the sink, of the condensed windows, and of the open window."""
        sink = self.config.sink if self.windows else 0
        return sink, self.held - sink, self.kept - self.held

    @property
    def rows(self) -> int | None:
        """Texts read side by side, or None while nothing has been read."""
        layer = self.layers[0]
        return int(layer.keys.shape[0]) if layer.is_initialized else None

    @property
    def nbytes(self) -> int:
        """Bytes of the entries held, over all layers and rows."""
        return sum(layer.nbytes for layer in self.layers)

    @contextmanager
    def reading(self, chunk: Chunk, after: Clock) -> Iterator[None]:
        """Run the model over `chunk` inside; then the chunk counts, and a full window condenses.

        The clock is then `after`. If the pass fails, or is interrupted, the memory stays as it was.
        """
        with self._undone():
            yield
        self.clock = after
        if chunk.closes:
            kept = kept_per_window(chunk.ratio, self.config.window)
            # Within a window every ratio-th raw token is followed by a beacon; ratio 0 keeps all.
            index = torch.arange(kept)
            own = index * (chunk.ratio + 1) + chunk.ratio if chunk.ratio else index
            entries = self.held + own
            start = self.held or self.config.sink
            self._condense(entries, start + index - entries, kept)

    @contextmanager
    def reading_abreast(self, layout: Abreast, after: Clock) -> Iterator[None]:
        """The same for windows that are read in one pass."""
        with self._undone():
            yield
        self.clock = after
        rest = torch.arange(layout.spans[-1][1] - layout.rest, layout.spans[-1][1])
        entries = self.held + torch.cat((layout.kept.cpu(), rest))
        shift = torch.cat((layout.shift.cpu(), torch.zeros_like(rest)))
        self._condense(entries, shift, len(layout.kept))

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Drop what a pass that fails has written."""
        before = self.kept
        try:
            yield
        except BaseException:
            for layer in self.layers:
                layer.length = before
            raise

    def _condense(self, entries: Tensor, shift: Tensor, kept: int) -> None:
        """Of what is not condensed leave these entries; the first `kept` of them are for good."""
        if self.watch is not None:
            self.watch.settle(self.held)
        start = self.held or self.config.sink
        for layer in self.layers:
            layer.keep(entries, start, shift, self.frequencies)
        self.held = start + kept

    def fork(self, *, share: bool | None = None) -> Memory:
        """A memory that goes on from here by itself; this one does not change.

        With `share` what is condensed is shared, and only the open window is copied; None is yes
        on a CPU, no on a GPU, where a copy takes less time than two kernels for one at each token.
        """
        return self._twin(self.clock.copy(), self.kept, self.held, share)

    def as_of(self, windows: int) -> Memory:
        """The memory as it was when `windows` windows had been read, the open window empty.

        Raises ModelError if fewer have been read.
        """
        if not 0 <= windows <= self.windows:
            raise ModelError(
                f"The memory holds {self.windows} full windows; it cannot be cut back to {windows}."
            )
        closed = self.clock.closed[:windows]
        held = self._held_after(windows)
        tokens = windows * self.config.window
        clock = dataclasses.replace(self.clock, closed=closed, tokens=tokens, in_window=0)
        return self._twin(clock, held, held, None)

    def sealed(self) -> Memory:
        """A fork that keeps all it holds as it is, and condenses nothing that is read after it.

        For passages to be read again, and what follows from them: they stay raw.
        """
        clock = dataclasses.replace(self.clock.copy(), schedule=(0,), ratio=0, in_window=0)
        return self._twin(clock, self.kept, self.kept, None)

    def narrowed(self, windows: Collection[int]) -> Memory:
        """A memory of some of the full windows and of the open one, as if it had seen no others.

        Their entries move together, and their keys are turned to where they then stand. This one
        does not change. Raises ModelError for a window that is not full.
        """
        wrong = [window for window in windows if not 0 <= window < self.windows]
        if wrong:
            raise ModelError(
                f"The memory holds {self.windows} full windows; it cannot be narrowed to "
                f"number {wrong[0]}."
            )
        chosen = sorted(set(windows))
        entries = self.entries_of(chosen)
        held = len(entries)
        entries = torch.cat((entries, torch.arange(self.held, self.kept)))
        clock = dataclasses.replace(
            self.clock.copy(),
            closed=[self.clock.closed[window] for window in chosen],
            tokens=len(chosen) * self.config.window + self.clock.in_window,
        )
        layers = [layer.gathered(entries, self.frequencies) for layer in self.layers]
        return Memory(
            clock, layers, identity=self.identity, frequencies=self.frequencies, held=held
        )

    def entries_of(self, windows: Collection[int]) -> Tensor:
        """The places of the sinks and of what these full windows left, ascending (int64)."""
        sink = self.config.sink if windows else 0
        sizes = [kept_per_window(r, self.config.window) for r in self.clock.closed]
        ends = [*accumulate(sizes, initial=self.config.sink)]
        stretches = [torch.arange(ends[w], ends[w + 1]) for w in sorted(set(windows))]
        return torch.cat((torch.arange(sink), *stretches))

    def _held_after(self, windows: int) -> int:
        sizes = [kept_per_window(r, self.config.window) for r in self.clock.closed[:windows]]
        return self.config.sink + sum(sizes) if sizes else 0

    def _twin(self, clock: Clock, kept: int, held: int, share: bool | None) -> Memory:
        # Only what is condensed stays as it is, and can be shared.
        layers = [layer.fork(min(held, self.held), kept) for layer in self.layers]
        # All layers alike, wherever they lie: those who join texts count from one place.
        if not (all(layer.on_cpu for layer in self.layers) if share is None else share):
            for layer in layers:
                layer.own()
        return Memory(
            clock, layers, identity=self.identity, frequencies=self.frequencies, held=held
        )

    def reserve(self, tokens: int, ratio: int) -> None:
        """Make the next growth large enough for `tokens` more raw tokens at `ratio`."""
        window = self.config.window
        beacons = (tokens // window) * kept_per_window(ratio, window)
        kept = beacons + 2 * max(window, PASS)  # what is open, and its beacons
        for layer in self.layers:
            # What a long reading adds comes into one piece with the rest once, not in each fork.
            if self.held + beacons > layer.begin + layer.begin // 4:
                layer.own()
            layer.reserved = layer.length + kept

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Raw tokens seen: the length `generate` counts with."""
        return self.tokens

    def get_query_offset(self, layer_idx: int = 0) -> int:
        """Entries held: the position of the next token."""
        return self.kept

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:
        """Keys that `query_length` more positions will see, and the offset of the first."""
        return self.kept + query_length, 0

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Beam search is not possible with a memory: ModelError."""
        raise ModelError("Beam search cannot run over a memory; use greedy decoding or sampling.")

    def crop(self, tokens_to_remove: int) -> None:
        """Condensed windows cannot be taken apart: ModelError. Fork before answering instead."""
        raise ModelError(
            f"A memory cannot drop its last {tokens_to_remove} tokens; fork it first, or cut it "
            "back to a window with as_of()."
        )
