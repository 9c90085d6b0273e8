"""Windows whose activations are made twice, so that they need not be kept for the gradients.

    forward     window 1 ──> window 2 ──> window 3       kept: the keys and values of the beacons
    backward    window 1 <── window 2 <── window 3       each window is run once more, on its own

Only memory passes from one window to the next, so that whole windows are what can be left out:
the library's checkpointing of layers would drop the cache. Knows windows and gradients; the losses
and the gradients are those of a reading that keeps everything (spec section 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from beacon_qa.beacon.layers import MemoryLayer
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.windows import Chunk, Clock
from beacon_qa.errors import ModelError


class Recomputing:
    """A text read into an empty `memory`, of which the full windows' activations are not kept.

    What a window leaves in memory is a piece of its own, an input of each later window: all the
    pieces of a text together are no larger than its memory. Raises ModelError for a memory that
    holds something.
    """

    def __init__(self, model: Any, memory: Memory) -> None:
        if memory.tokens:
            raise ModelError(
                f"The memory holds {memory.tokens} tokens; recomputing starts from an empty one."
            )
        self._model = model
        self._memory = memory
        self._pieces: list[tuple[Tensor, ...]] = []

    def losses(self, ids: Tensor, chunk: Chunk, targets: Tensor, weights: Tensor) -> Tensor:
        """Read a window that closes; the summed loss of each of its rows, (batch,)."""
        clock, held = self._memory.clock, self._memory.held
        after = clock.copy()
        after.advance(chunk)

        def run(*pieces: Tensor) -> tuple[Tensor, ...]:
            memory = self._again(clock, held, pieces)
            with memory.reading(chunk, after.copy()):
                hidden = self._model.step(ids, chunk, memory, wanted=True)
            losses = self._model.losses(hidden, targets, weights)
            left = ((layer.keys, layer.values) for layer in memory.layers)
            # Copies: a view of its piece would keep all keys before it, once for each window.
            return losses, *(tensor[:, :, held:].clone() for pair in left for tensor in pair)

        inputs = [tensor for piece in self._pieces for tensor in piece]
        # No layer draws random numbers, so that none need to be drawn again.
        made = checkpoint(run, *inputs, use_reentrant=False, preserve_rng_state=False)
        self._pieces.append(made[1:])
        self._memory.clock = after
        self._memory.held += made[1].shape[2]
        losses: Tensor = made[0]
        return losses

    def finish(self) -> None:
        """Fill the memory with what the windows left, to read the last one as usual."""
        _fill(self._memory.layers, [tensor for piece in self._pieces for tensor in piece])

    def _again(self, clock: Clock, held: int, pieces: tuple[Tensor, ...]) -> Memory:
        """The memory as it was when a window began; each run of the window has its own."""
        layers = [MemoryLayer() for _ in self._memory.layers]
        _fill(layers, pieces)
        return Memory(
            clock.copy(),
            layers,
            identity=self._memory.identity,
            frequencies=self._memory.frequencies,
            held=held,
        )


def _fill(layers: list[MemoryLayer], pieces: Sequence[Tensor]) -> None:
    """Lay pieces, each (keys, values) of every layer in turn, one after the other."""
    step = 2 * len(layers)
    for place, layer in enumerate(layers):
        keys, values = pieces[2 * place :: step], pieces[2 * place + 1 :: step]
        if keys:
            layer.adopt(torch.cat(list(keys), dim=2), torch.cat(list(values), dim=2))
