"""Beacon projections beside a stock model's own, routed by position.

A hook on each untouched Linear overwrites the rows of the beacons with what their own projection
gives. Where the beacons stand travels in a context variable, since a reader and an asker may run
on two threads. Knows modules and places; knows nothing of windows or memory. Spec section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from beacon_qa.beacon.layout import Abreast
from beacon_qa.beacon.watch import Watch


@dataclass(frozen=True)
class Seating:
    """Positions of several texts in one pass, one after another, and who sees which keys.

    Of the texts' own keys: `spread` lists queries (head by head, position by position) so that
    each text gets as many, some twice where it has fewer, and `gather` finds them again among
    those. `hidden` (texts, 1, queries of a key/value head, keys) is added to the scores: minus
    infinity where a query must not look.
    Of keys they share: `circles` names a text of each circle that shares some, and the circle's
    positions, None for all. `watched` has a watch, its text and the positions it counts.
    """

    spread: Tensor
    gather: Tensor
    hidden: Tensor
    circles: Sequence[tuple[int, Tensor | None]]
    watched: Sequence[tuple[Watch, int, list[int]]]


@dataclass(frozen=True)
class Reading:
    """A forward pass over a piece of a text; `beacons` are their places in it, if any.

    `last` is the layer at which the pass may end, its keys and values being all that is wanted.
    Each of the cache's `layers` may have keys and values `shared` with others, which come before
    those it gives. `seating` says which positions belong to which of several texts read side by
    side, `abreast` how the windows of one text lie that are read in one pass. A `watch` counts
    where the attention of the positions `looking` falls.
    """

    beacons: Tensor | None
    last: int | None = None
    layers: Sequence[Any] = ()
    seating: Seating | None = None
    watch: Watch | None = None
    looking: Sequence[int] = ()
    abreast: Abreast | None = None


class PassEnded(Exception):
    """Ends a forward pass once the last layer's keys and values are in memory.

    When nobody reads its logits, the last layer's attention, output projection and MLP, the norm
    and the head are work for nothing (spec section 17).
    """


_READING: ContextVar[Reading | None] = ContextVar("reading", default=None)


def current_reading() -> Reading | None:
    """The chunk this thread is reading, or None while it runs a plain model."""
    return _READING.get()


@contextmanager
def reading(now: Reading) -> Iterator[None]:
    """Route the forward pass inside; with `last` nothing is computed after that layer."""
    token = _READING.set(now)
    try:
        yield
    except PassEnded:
        if now.last is None:
            raise
    finally:
        _READING.reset(token)


def add_projection(attention: nn.Module, name: str) -> None:
    """Give an attention module a beacon copy of its `{name}_proj`, shaped alike.

    The copy's weights are whatever Linear starts with; loading sets them.
    """
    own = getattr(attention, f"{name}_proj")
    beacon = nn.Linear(own.in_features, own.out_features, bias=own.bias is not None)
    setattr(attention, f"beacon_{name}_proj", beacon)


def route(attention: nn.Module, name: str) -> None:
    """Send the rows of beacons through their own `{name}_proj`, by a hook on the model's own.

    Called once, after loading: quantization puts other modules in the place of those a model was
    made with, and their hooks are lost.
    """
    projection = getattr(attention, f"beacon_{name}_proj")

    def fill_in(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        now = current_reading()
        if now is None or now.beacons is None:
            return None
        where = now.beacons.to(output.device)
        rows = projection(args[0].index_select(1, where)).to(output.dtype)
        if torch.is_grad_enabled():
            return output.index_copy(1, where, rows)
        return output.index_copy_(1, where, rows)

    getattr(attention, f"{name}_proj").register_forward_hook(fill_in)
