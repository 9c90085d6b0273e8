"""Cut a text into windows, place the beacons, choose the condensing ratio: integers only.

A window of W raw tokens at ratio r, R a raw token and B a beacon (here W = 8, r = 4):

    R R R R B R R R R B      the beacon stands after the r tokens it condenses

Knows no tensors. Spec sections 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from beacon_qa.beacon.config import BeaconConfig
from beacon_qa.errors import ConfigError

RESERVE = 1024
"""Raw tokens kept free beyond the text when a ratio is chosen: a question and its answer."""

PASS = 1024
"""Raw tokens read in one pass of a model whose windows are shorter: about where products stop
gaining from more rows, and still a moment on a CPU."""


@dataclass(frozen=True)
class Chunk:
    """One forward pass: `raw` tokens of one window, and where its beacons stand.

    `beacons` are indices into the chunk (raw tokens and beacons together); `closes` says that the
    window is full after it.
    """

    raw: int
    ratio: int
    beacons: tuple[int, ...]
    closes: bool

    @property
    def size(self) -> int:
        """Positions in the chunk, raw tokens and beacons together."""
        return self.raw + len(self.beacons)

    @property
    def places(self) -> list[int]:
        """Indices of the raw tokens."""
        beacons = {*self.beacons}
        return [place for place in range(self.size) if place not in beacons]


@dataclass
class Clock:
    """Where a text stands in its windows; all rows of a batch share one.

    `schedule` overrides the checkpoint's ratio mix and is cycled window by window. `closed` holds
    the ratio of each full window; `ratio` that of the open one.
    """

    config: BeaconConfig
    schedule: tuple[int, ...] | None = None
    seed: int = 42
    tokens: int = 0
    in_window: int = 0
    ratio: int = 0
    pinned: int | None = None
    closed: list[int] = field(default_factory=list)

    def next_chunk(self, horizon: int, *, training: bool = False) -> Chunk:
        """The next chunk of a call that brings the text to `horizon` tokens.

        In training the last window gets no beacons, since nothing follows it (spec section 13).
        Asking changes nothing but the ratio of a new window; `advance` moves on. Raises
        ConfigError when no ratio can be used.
        """
        window = self.config.window
        last = training and self.tokens - self.in_window + window >= horizon
        if self.in_window == 0:
            self.ratio = self._next_ratio(horizon, training)
        raw = min(window - self.in_window, horizon - self.tokens)
        ratio = 0 if last else self.ratio
        closes = self.in_window + raw == window and not last
        return Chunk(raw, ratio, beacon_places(self.in_window, raw, ratio), closes)

    def next_pass(
        self, horizon: int, *, most: int = PASS, training: bool = False
    ) -> tuple[list[Chunk], Clock]:
        """The chunks that can be read in one pass of up to `most` raw tokens, and the clock then.

        One chunk at least. Windows that are read together begin in it: what finishes an open
        window is read alone, and so is a window whose first tokens become sinks.
        """
        after = self.copy()
        chunks = [after.next_chunk(horizon, training=training)]
        alone = self.in_window > 0 or (self.config.sink > 0 and not self.closed)
        after.advance(chunks[0])
        room = 0 if alone else most - chunks[0].raw
        while after.tokens < horizon and min(self.config.window, horizon - after.tokens) <= room:
            chunks.append(after.next_chunk(horizon, training=training))
            after.advance(chunks[-1])
            room -= chunks[-1].raw
        return chunks, after

    def copy(self) -> Clock:
        """A clock that goes on from here by itself."""
        return replace(self, closed=list(self.closed))

    def advance(self, chunk: Chunk) -> None:
        """Count a chunk that has been read."""
        self.tokens += chunk.raw
        self.in_window += chunk.raw
        if chunk.closes:
            self.in_window = 0
            self.closed.append(chunk.ratio)

    def _next_ratio(self, horizon: int, training: bool) -> int:
        window = self.config.window
        if self.schedule is not None:
            return self.schedule[len(self.closed) % len(self.schedule)]
        if len(self.config.ratios) == 1:
            return self.config.ratios[0]
        usable = [r for r in self.config.ratios if r <= window and (r == 0 or window % r == 0)]
        if training and (0 in self.closed or self.tokens + 2 * window > horizon):
            usable = [r for r in usable if r]
        if not usable:
            raise ConfigError(
                f"None of the ratios {list(self.config.ratios)} divides the window of {window} "
                "tokens; give a ratio that does."
            )
        return self._mix(usable, horizon)

    def _mix(self, usable: list[int], horizon: int) -> int:
        # Draws depend on the seed and the window alone, so that a memory reopened from disk
        # goes on as the unbroken run would have.
        if self.config.mix == "sequence":
            return usable[len(self.closed) % len(usable)]
        if self.config.mix == "step-random":
            return Random(f"{self.seed}/{len(self.closed)}").choice(usable)
        if self.pinned is None:
            margin = self.config.margin
            if margin is None:
                self.pinned = Random(f"{self.seed}").choice(usable)
            else:
                self.pinned = _adapt(usable, horizon + margin, self.config)
        return self.pinned


def beacon_places(in_window: int, raw: int, ratio: int) -> tuple[int, ...]:
    """Indices of the beacons in a chunk of `raw` tokens that starts `in_window` tokens in."""
    if ratio == 0:
        return ()
    ends = [i for i in range(raw) if (in_window + i + 1) % ratio == 0]
    return tuple(i + 1 + k for k, i in enumerate(ends))


def kept_per_window(ratio: int, window: int) -> int:
    """Cache entries a full window leaves in memory; ratio 0 keeps the window whole."""
    return window // ratio if ratio else window


def most_kept(tokens: int, ratio: int, window: int) -> int:
    """The most cache entries held at once, without sinks, while reading `tokens` at one ratio."""
    full, rest = divmod(tokens, window)
    step = kept_per_window(ratio, window)
    open_window = window + (step if ratio else 0)
    closing = (full - 1) * step + open_window if full else 0
    return max(closing, full * step + rest + (rest // ratio if ratio else 0))


def longest_text(ratio: int, window: int, positions: int) -> int:
    """Tokens that fit in `positions` rotary positions at one ratio (spec section 5)."""
    return (positions - window) * ratio + window if ratio else positions


def _adapt(ratios: list[int], need: int, config: BeaconConfig) -> int:
    reach = {r: longest_text(r, config.window, config.positions) for r in ratios}
    enough = [r for r in ratios if reach[r] >= need]
    return min(enough, key=lambda r: reach[r]) if enough else max(ratios)


def choose_ratio(
    tokens: int,
    *,
    ratios: tuple[int, ...],
    window: int,
    positions: int,
    bytes_per_key: int,
    sink: int = 0,
    memory_budget: int | None = None,
    reserve: int = RESERVE,
) -> int:
    """The smallest ratio at which a text of `tokens` fits the positions and the bytes allowed.

    Ratio 0 (no condensing) and ratios that do not divide the window are passed over. Raises
    ConfigError when even the largest ratio does not fit.
    """
    usable = sorted(r for r in ratios if 0 < r <= window and window % r == 0)
    for ratio in usable:
        kept = sink + most_kept(tokens + reserve, ratio, window)
        fits_bytes = memory_budget is None or kept * bytes_per_key <= memory_budget
        if kept <= positions and fits_bytes:
            return ratio
    top = usable[-1] if usable else 0
    raise ConfigError(
        f"A text of {tokens} tokens does not fit {positions} positions"
        + (f" and {memory_budget} bytes" if memory_budget is not None else "")
        + f" even at ratio {top}; use a model with larger ratios, or a part of the text."
    )
