"""What reading costs on paper: operations and bytes of a decoder, with beacons and without.

Pure arithmetic over a model's dimensions. A multiplication and an addition are two operations;
causal attention counts the half of the square that it needs. Embedding and output head are left
out, since a reading runs them on next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Dimensions:
    """The sizes of a decoder that its cost depends on."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int

    @staticmethod
    def of(config: Any) -> Dimensions:
        """Read the sizes from a Hugging Face config."""
        heads = config.num_attention_heads
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
        return Dimensions(
            layers=config.num_hidden_layers,
            hidden=config.hidden_size,
            intermediate=config.intermediate_size,
            heads=heads,
            kv_heads=config.num_key_value_heads,
            head_dim=head_dim,
        )

    @property
    def query_width(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def key_width(self) -> int:
        """Width of all key heads together."""
        return self.kv_heads * self.head_dim

    def projections(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of the matrices of one layer."""
        wide, key, hidden, middle = (
            self.query_width,
            self.key_width,
            self.hidden,
            self.intermediate,
        )
        return (
            (hidden, wide),
            (hidden, key),
            (hidden, key),
            (wide, hidden),
            (hidden, middle),
            (hidden, middle),
            (middle, hidden),
        )

    def linear(self) -> float:
        """Operations of all matrices of all layers, for one token."""
        return 2.0 * self.layers * sum(a * b for a, b in self.projections())

    def full_prefill(self, tokens: int) -> float:
        """Operations of reading `tokens` with full attention."""
        return tokens * self.linear() + 2.0 * self.layers * self.query_width * tokens**2

    def beacon_prefill(self, tokens: int, ratio: int, window: int) -> float:
        """Operations of reading `tokens` with one beacon after every `ratio` tokens."""
        positions = tokens * (1 + 1 / ratio)
        keys = mean_keys(tokens, ratio, window)
        attention = 4.0 * self.layers * self.query_width * positions * keys
        return positions * self.linear() + attention


def mean_keys(tokens: int, ratio: int, window: int) -> float:
    """Keys that a position sees on average: half the final memory, half of its own window."""
    return (max(tokens - window, 0) / ratio + window * (1 + 1 / ratio)) / 2
