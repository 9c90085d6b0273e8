"""Activation Beacon, written to be read: nothing here is fast, nothing is clever.

A text is read in windows of W tokens. After every r tokens the model puts in a position of its
own, a *beacon*, which looks back like any token does, but through projections of its own. When a
window is full, the keys and values of its beacons are *committed*: they join the memory, and all
else of the window is dropped. So W tokens leave W/r entries, and that is all a later window sees.

    window 1  t t t t B t t t t B          t: token of the text   B: beacon   (W = 8, r = 4)
    window 2  b b|t t t t B t t t t B      b: committed beacon, at position 0, 1, ...
    window 3  b b b b|t t t                the open window keeps tokens and beacons alike

Positions count what is kept, not the text. Keys are stored unrotated; at each step everything
kept is laid out from position 0 and rotated anew, so a committed beacon moves left by itself.

The layers a chunk runs through are in `reference_decoder.py`; `test_reference.py` holds both to
recorded numbers. They know neither transformers nor the product. Four switches make deliberate
mistakes, so that tests can show that they would be noticed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reference_decoder import Decoder
from torch import Tensor
from torch.nn.functional import cross_entropy

MISTAKES: dict[str, dict[str, Any]] = {
    "keys left where they were written": {"turn_keys": False},
    "ordinary projections for beacons": {"beacon_projections": False},
    "a beacon before its group": {"beacon_before_group": True},
    "tokens blind to beacons of their window": {"tokens_see_own_beacons": False},
}


@dataclass(frozen=True)
class Step:
    """One pass over all or part of a window; ratio is None where no beacons were to be placed."""

    end: int  # tokens of the text read so far
    full: bool  # this pass filled its window
    ratio: int | None
    beacons: int
    sizes: tuple[int, int, int]  # kept afterwards: sink, committed, current window


@dataclass
class State:
    """What is kept of a text, in the order sink, committed memory, open window.

    keys and values hold, for each layer, a tensor (batch, kv heads, entries, head size).
    """

    keys: list[Tensor]
    values: list[Tensor]
    beacon: list[bool] = field(default_factory=list)  # for each entry: is it a beacon?
    written_at: list[int] = field(default_factory=list)  # only for the mistake `turn_keys=False`
    sink: int = 0
    committed: int = 0
    tokens: int = 0  # of the text, read so far
    windows: int = 0  # full ones
    in_window: int = 0  # tokens in the open window
    since: int = 0  # tokens since the last beacon
    ratio: int | None = None  # of the open window
    fixed: int | None = None  # the ratio that `adapt` or `instance-random` chose for the whole text
    steps: list[Step] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self.sink, self.committed, len(self.beacon) - self.sink - self.committed


class Reference:
    """A checkpoint folder read whole; keyword arguments replace fields of its config."""

    def __init__(
        self,
        folder: Path,
        *,
        dtype: torch.dtype = torch.float64,
        start_beacons: bool = False,
        turn_keys: bool = True,
        beacon_projections: bool = True,
        beacon_before_group: bool = False,
        tokens_see_own_beacons: bool = True,
        **overrides: Any,
    ) -> None:
        self.config = json.loads((folder / "config.json").read_text()) | overrides
        self.decoder = Decoder(folder, self.config, dtype, start_beacons, beacon_projections)
        self.window = int(self.config["beacon_window"])
        self.turn_keys = turn_keys
        self.beacon_before_group = beacon_before_group
        self.tokens_see_own_beacons = tokens_see_own_beacons
        self.random = np.random.default_rng(42)

    def new_state(self, batch_size: int = 1) -> State:
        keys, values = self.decoder.nothing(batch_size), self.decoder.nothing(batch_size)
        return State(keys, values)

    def feed(self, state: State, ids: Tensor, *, training: bool = False) -> Tensor:
        """Read ids (batch, tokens) on from where the state is; the logits of each of these tokens.

        In training the last window gets no beacons and is not committed: nothing comes after it.
        """
        total, rows, done = state.tokens + ids.shape[1], [], 0
        while done < ids.shape[1]:
            count = min(self.window - state.in_window, ids.shape[1] - done)
            last = training and done + count == ids.shape[1]
            if state.in_window == 0:
                state.ratio = None if last else self.choose_ratio(state, total, training)
            chunk, beacon = self.place_beacons(state, ids[:, done : done + count])
            rows.append(self.run_decoder(state, chunk, beacon)[:, ~torch.tensor(beacon)])
            done += count
            state.tokens += count
            state.in_window += count
            full = state.in_window == self.window and not last
            if full:
                self.commit(state)
            state.steps.append(Step(state.tokens, full, state.ratio, sum(beacon), state.sizes))
        return torch.cat(rows, dim=1)

    def place_beacons(self, state: State, ids: Tensor) -> tuple[Tensor, list[bool]]:
        """The tokens with a beacon after every r-th, and which columns are beacons."""
        beacon_id = torch.full_like(ids[:, :1], self.config["vocab_size"])
        columns: list[Tensor] = []
        for token in torch.split(ids, 1, dim=1):
            state.since += 1 if state.ratio else 0
            if self.beacon_before_group and state.since == 1:
                columns.append(beacon_id)
            columns.append(token)
            if state.ratio and state.since == state.ratio:
                state.since = 0
                columns += [] if self.beacon_before_group else [beacon_id]
        return torch.cat(columns, dim=1), [column is beacon_id for column in columns]

    def commit(self, state: State) -> None:
        """Keep the beacons of the full window (all of it at ratio 0) and forget the rest."""
        start = state.sink + state.committed
        window = list(range(start, len(state.beacon)))
        condensed = [i for i in window if state.beacon[i] or state.ratio == 0]
        kept = list(range(start)) + condensed
        if state.windows == 0:  # the sink: the first entries of the text stay in front, for ever
            sink = window[: self.config["beacon_sink_size"]]
            state.sink = len(sink)
            kept = sink + kept
        state.keys = [keys[:, :, kept] for keys in state.keys]
        state.values = [values[:, :, kept] for values in state.values]
        state.beacon = [state.beacon[i] for i in kept]
        state.written_at = [state.written_at[i] for i in kept]
        state.committed += len(condensed)
        state.windows += 1
        state.in_window = 0

    def choose_ratio(self, state: State, total: int, training: bool) -> int:
        """The ratio of the window about to begin; total = length of the text, as far as known."""
        ratios, mix = self.config["beacon_ratio"], self.config["beacon_ratio_mix"]
        if len(ratios) == 1:
            return int(ratios[0])
        ratios = [r for r in ratios if r == 0 or (r <= self.window and self.window % r == 0)]
        if training:
            used = any(step.ratio == 0 for step in state.steps)
            if used or state.tokens + 2 * self.window > total:
                ratios = [r for r in ratios if r != 0]
        if mix == "sequence":
            return int(ratios[state.windows % len(ratios)])
        if mix == "step-random":
            return int(self.random.choice(ratios))
        if state.fixed is None and mix == "instance-random":
            state.fixed = int(self.random.choice(ratios))
        if state.fixed is None:  # adapt-N: the least condensing that leaves room for N more tokens
            most = self.config["max_position_embeddings"]
            reach = {r: (most - self.window) * r + self.window if r else most for r in ratios}
            enough = [r for r in ratios if reach[r] >= total + int(mix.removeprefix("adapt-"))]
            state.fixed = min(enough, key=reach.__getitem__) if enough else max(ratios)
        return state.fixed

    def run_decoder(self, state: State, ids: Tensor, beacon: list[bool]) -> Tensor:
        """Logits (batch, columns, vocabulary) of a chunk, which joins the open window."""
        kept = len(state.beacon)
        state.beacon = state.beacon + beacon
        state.written_at = state.written_at + list(range(kept, kept + len(beacon)))
        positions = list(range(len(state.beacon))) if self.turn_keys else state.written_at
        visible = self.who_sees_what(state, len(beacon))
        chunk = torch.tensor(beacon), torch.tensor(positions), visible
        logits, state.keys, state.values = self.decoder(ids, state.keys, state.values, *chunk)
        return logits

    def who_sees_what(self, state: State, columns: int) -> Tensor:
        """(columns, entries): all that was kept, and of the chunk what is not later."""
        entries = len(state.beacon)
        visible = torch.ones(columns, entries, dtype=torch.bool).tril(entries - columns)
        if not self.tokens_see_own_beacons:
            beacon = torch.tensor(state.beacon)
            own = beacon & (torch.arange(entries) >= state.sink + state.committed)
            visible &= beacon[-columns:, None] | ~own
        return visible

    def loss(self, ids: Tensor, labels: Tensor, *, training: bool = False) -> tuple[Tensor, Tensor]:
        """Mean loss over all labelled tokens, and over those of each row; -100 is no label."""
        logits = self.feed(self.new_state(len(ids)), ids, training=training)
        told = labels[:, 1:]  # each token by the logits of the one before, across windows too
        losses = cross_entropy(logits[:, :-1].mT, told, reduction="none")
        count = (told != -100).sum(dim=1)
        return losses.sum() / count.sum(), losses.sum(dim=1) / count

    def generate(self, state: State, ids: Tensor, new_tokens: int) -> tuple[Tensor, Tensor]:
        """Greedy ids (batch, new), and the logits (batch, new, vocabulary) they were picked from.

        The last id is not fed, so a text that goes on begins with it.
        """
        ids_of, logits_of = [ids], []
        for _ in range(new_tokens):
            logits_of.append(self.feed(state, ids_of[-1])[:, -1])
            ids_of.append(logits_of[-1].argmax(-1, keepdim=True))
        return torch.cat(ids_of[1:], dim=1), torch.stack(logits_of, dim=1)
