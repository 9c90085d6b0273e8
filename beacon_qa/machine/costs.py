"""What reading costs: keys, bytes and operations, from a model's shape and a text's length.

Pure arithmetic; knows no model, only its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beacon_qa.beacon.windows import choose_ratio
from beacon_qa.errors import ConfigError

TOKENS_A_PAGE = 450
"""A printed page of prose: about 340 words, in a vocabulary of the usual size."""


@dataclass(frozen=True)
class Shape:
    """The numbers of a decoder that its costs depend on; `positions` it can tell apart."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    window: int
    positions: int

    @property
    def weights(self) -> int:
        """Parameters of the layers, one embedding and one head, without beacons."""
        return self.layers * self._layer() + 2 * self.vocabulary * self.hidden

    @property
    def beacons(self) -> int:
        """Parameters of beacon projections of queries, keys and values."""
        query, key = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return self.layers * self.hidden * (query + 2 * key)

    def _layer(self) -> int:
        query, key = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return self.hidden * (2 * query + 2 * key + 3 * self.intermediate)

    def bytes_per_key(self, element: int = 2) -> int:
        """Bytes of a key and a value over all layers, `element` bytes a number."""
        return 2 * self.layers * self.kv_heads * self.head_dim * element

    def weight_bytes(self, bits: int) -> int:
        """Bytes of the weights with the base in `bits`; embeddings and beacons stay in 16."""
        embeddings = 2 * self.vocabulary * self.hidden
        base = self.weights - embeddings
        return base * bits // 8 + 2 * (embeddings + self.beacons)

    def read_operations(self, tokens: int, ratio: int) -> float:
        """Floating-point operations to read a text: linear layers and attention over memory."""
        query = self.heads * self.head_dim
        share = 1 + 1 / ratio
        linear = 2 * self.layers * self._layer() * tokens * share
        seen = max(tokens - self.window, 0) / ratio + self.window * share
        return linear + 2 * self.layers * query * tokens * share * seen

    def smallest_ratio(self, tokens: int, ratios: Sequence[int]) -> int | None:
        """The ratio that reading takes: the smallest at which a text fits, or None."""
        shape = {"window": self.window, "positions": self.positions}
        try:
            return choose_ratio(tokens, ratios=tuple(ratios), bytes_per_key=0, **shape)
        except ConfigError:
            return None


def kept_keys(tokens: int, schedule: Sequence[int], window: int) -> int:
    """Keys held at most while a text is read: all windows condensed, and one open window."""
    full = tokens // window
    sizes = [window // ratio if ratio else window for ratio in schedule]
    rounds, rest = divmod(full, len(schedule))
    largest = window + max(window // ratio if ratio else 0 for ratio in schedule)
    return rounds * sum(sizes) + sum(sizes[:rest]) + largest
