"""What a book would cost on a machine: memory and time, for models that are here or not.

Figures of models that are not here are computed from their shapes and the measured speed of this
machine's matrix products, of which reading is taken to reach a part; those of a loaded model come
from a short reading. Knows numbers of models and machines; loads neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beacon_qa.machine.costs import Shape, kept_keys

if TYPE_CHECKING:
    from beacon_qa.machine.machine import Machine

RATIOS = (2, 4, 8, 16, 32)
"""The ratios that published checkpoints are trained with."""

REACHED = 0.5
"""The part of the matrix products' speed that reading is taken to reach in an estimate: a 7B shape
reached 53 to 60% in 16 bits on an H200, and about 50% in 4 (docs/benchmarks)."""

_OVERHEAD = 1.15
"""Memory in use beside weights and keys: activations and the libraries themselves."""

KNOWN_MODELS = {
    "Qwen2-7B with beacons": Shape(28, 3584, 18944, 28, 4, 128, 152064, 2048, 32768),
    "Llama-3-8B with beacons": Shape(32, 4096, 14336, 32, 8, 128, 128256, 1024, 8192),
    "Mistral-7B with beacons": Shape(32, 4096, 14336, 32, 8, 128, 32000, 2048, 32768),
}


@dataclass(frozen=True)
class Estimate:
    """What one model at some number of bits would take for a book; bytes and seconds.

    `ratio` is None where the book is too long for the model.
    """

    model: str
    bits: int
    weights: int
    ratio: int | None
    memory: int
    seconds: float
    fits: bool


def estimate(machine: Machine, name: str, shape: Shape, bits: int, tokens: int) -> Estimate:
    """The cost of a text of `tokens` with one model on this machine."""
    weights = shape.weight_bytes(bits)
    ratio = shape.smallest_ratio(tokens, RATIOS)
    if ratio is None:
        return Estimate(name, bits, weights, None, 0, 0.0, fits=False)
    # A CPU computes in 32 bits, and holds what is not quantized in 32 bits too.
    element = 4 if machine.device == "cpu" else 2
    if machine.device == "cpu" and bits == 16:
        weights *= 2
    memory = kept_keys(tokens, (ratio,), shape.window) * shape.bytes_per_key(element)
    seconds = shape.read_operations(tokens, ratio) / (machine.operations * REACHED)
    fits = (weights + memory) * _OVERHEAD < machine.memory
    if bits != 16:
        fits = fits and machine.quantization
    return Estimate(name, bits, weights, ratio, memory, seconds, fits)


def measured(
    model: Any, name: str, tokens: int, ratio: int | None = None, probe: float = 2.0
) -> Estimate:
    """The cost of a text of `tokens` with a loaded model, from `probe` seconds of reading.

    Windows are read as in the middle of such a text. `ratio` None takes the smallest that fits.
    """
    from beacon_qa.machine.machine import window_seconds

    shape = shape_of(model)
    ratio = ratio or shape.smallest_ratio(tokens, [r for r in model.beacon.ratios if r])
    if ratio is None:
        return Estimate(name, 16, shape.weight_bytes(16), None, 0, 0.0, fits=False)
    keys = kept_keys(tokens, (ratio,), shape.window)
    seconds = window_seconds(model, ratio, keys // 2, probe) * tokens / shape.window
    memory = keys * model.bytes_per_key
    return Estimate(
        name, 16, shape.weight_bytes(16), ratio, memory, seconds, keys <= shape.positions
    )


def shape_of(model: Any) -> Shape:
    """The numbers of a loaded model that its costs depend on."""
    config = model.config
    return Shape(
        config.num_hidden_layers,
        config.hidden_size,
        config.intermediate_size,
        config.num_attention_heads,
        config.num_key_value_heads,
        model.model.layers[0].self_attn.head_dim,
        config.vocab_size,
        model.beacon.window,
        model.beacon.positions,
    )
