"""`beacon-qa doctor`: what this machine can run, and what a book would cost.

Figures for large models are computed from their shapes and the measured speed of this machine's
matrix products, of which reading is taken to reach a part; those of the built-in model from a
short reading.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from beacon_qa.commands import options
from beacon_qa.commands.progress import duration
from beacon_qa.commands.session import open_shelf
from beacon_qa.commands.terminal import Terminal
from beacon_qa.costs import TOKENS_A_PAGE, Shape, kept_keys
from beacon_qa.shelf import Shelf

if TYPE_CHECKING:
    from beacon_qa.machine import Machine

_RATIOS = (2, 4, 8, 16, 32)
_REACHED = 0.5
"""The part of the matrix products' speed that reading is taken to reach in an estimate."""

_OVERHEAD = 1.15
"""Memory in use beside weights and keys: activations and the libraries themselves."""

_KNOWN = {
    "Qwen2-7B with beacons": Shape(28, 3584, 18944, 28, 4, 128, 152064, 2048, 32768),
    "Llama-3-8B with beacons": Shape(32, 4096, 14336, 32, 8, 128, 128256, 1024, 8192),
    "Mistral-7B with beacons": Shape(32, 4096, 14336, 32, 8, 128, 32000, 2048, 32768),
}


@dataclass(frozen=True)
class Estimate:
    """What one model at some number of bits would take for a book; bytes and seconds."""

    model: str
    bits: int
    weights: int
    ratio: int | None
    memory: int
    seconds: float
    fits: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `doctor`."""
    parser.add_argument(
        "--pages", type=options.positive, default=400, metavar="N", help="a book of N pages"
    )
    options.add_shelf(parser)


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Look at the machine, measure it shortly, and say what it can do."""
    shelf = open_shelf(args)
    if terminal.watched:
        terminal.note("Measuring, a few seconds ...")
    from beacon_qa.machine import look_around

    machine = look_around(shelf.root)
    tokens = args.pages * TOKENS_A_PAGE
    own = _builtin(tokens)
    table = [
        estimate(machine, name, shape, bits, tokens)
        for name, shape in _KNOWN.items()
        for bits in (16, 8, 4)
    ]
    if args.json:
        facts = {"machine": asdict(machine), "shelf": str(shelf.root), "pages": args.pages}
        builtin = None if own is None else asdict(own)
        terminal.data(
            {**facts, "tokens": tokens, "builtin": builtin, "models": [asdict(e) for e in table]}
        )
        return 0
    _describe(machine, shelf, terminal)
    terminal.say(f"\nA book of {args.pages} pages (about {tokens:,} tokens):")
    if own is None:
        terminal.say("  built-in model: not in this installation")
    else:
        terminal.say(
            f"  built-in model, ratio {own.ratio}: {own.memory / 1e6:,.0f} MB, about "
            f"{duration(own.seconds)} (measured in the middle of one)"
        )
    terminal.say(f"\n  {'model':<25} {'bits':>4} {'weights':>9} {'ratio':>6} {'memory':>9}  time")
    for line in table:
        terminal.say("  " + _line(line))
    terminal.say(
        "\nMemory is what the read book takes in use and on disk. Times of the larger models are\n"
        f"estimates: {_REACHED:.0%} of the measured speed of matrix products."
    )
    return 0


def estimate(machine: Machine, name: str, shape: Shape, bits: int, tokens: int) -> Estimate:
    """The cost of a text of `tokens` with one model on this machine."""
    weights = shape.weight_bytes(bits)
    ratio = shape.smallest_ratio(tokens, _RATIOS)
    if ratio is None:
        return Estimate(name, bits, weights, None, 0, 0.0, fits=False)
    # A CPU computes in 32 bits, and holds what is not quantized in 32 bits too.
    element = 4 if machine.device == "cpu" else 2
    if machine.device == "cpu" and bits == 16:
        weights *= 2
    memory = kept_keys(tokens, (ratio,), shape.window) * shape.bytes_per_key(element)
    seconds = shape.read_operations(tokens, ratio) / (machine.operations * _REACHED)
    fits = (weights + memory) * _OVERHEAD < machine.memory
    if bits != 16:
        fits = fits and machine.quantization
    return Estimate(name, bits, weights, ratio, memory, seconds, fits)


def _builtin(tokens: int) -> Estimate | None:
    """The built-in model's cost, from windows read in the middle of such a book; or None."""
    from beacon_qa.engine import BUILTIN, Engine
    from beacon_qa.machine import window_seconds

    if not (BUILTIN / "model.safetensors").exists():
        return None
    model = Engine.load().model
    shape = _shape(model)
    ratio = shape.smallest_ratio(tokens, [r for r in model.beacon.ratios if r])
    if ratio is None:
        return Estimate("built-in", 16, shape.weight_bytes(16), None, 0, 0.0, fits=False)
    keys = kept_keys(tokens, (ratio,), shape.window)
    seconds = window_seconds(model, ratio, keys // 2) * tokens / shape.window
    memory = keys * model.bytes_per_key
    return Estimate("built-in", 16, shape.weight_bytes(16), ratio, memory, seconds, fits=True)


def _shape(model: Any) -> Shape:
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


def _describe(machine: Machine, shelf: Shelf, terminal: Terminal) -> None:
    quantized = "yes (bitsandbytes)" if machine.quantization else "no: install bitsandbytes"
    for name, value in {
        "device": f"{machine.device}, {machine.name}",
        "cores": str(machine.cores),
        "memory": f"{machine.memory / 1e9:.1f} GB, {machine.free_memory / 1e9:.1f} GB free",
        "4 and 8 bits": quantized,
        "speed": f"{machine.operations / 1e9:,.0f} GFLOP/s in matrix products (measured)",
        "torch": machine.torch,
        "shelf": f"{shelf.root}, {shelf.size() / 1e6:,.1f} MB, "
        f"{machine.free_disk / 1e9:.1f} GB of disk free",
    }.items():
        terminal.say(f"{name:<13} {value}")


def _line(line: Estimate) -> str:
    start = f"{line.model:<25} {line.bits:>4} {line.weights / 1e9:>6.1f} GB"
    if line.ratio is None:
        return f"{start}   too long for this model"
    verdict = "fits" if line.fits else "does not fit"
    cost = f"{line.ratio:>6} {line.memory / 1e9:>6.2f} GB  {duration(line.seconds)}"
    return f"{start} {cost}, {verdict}"
