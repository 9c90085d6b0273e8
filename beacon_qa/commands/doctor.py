"""`beacon-qa doctor`: what this machine can run, and what a book would cost.

Figures for large models are computed from their shapes and the measured speed of this machine's
matrix products, of which reading is taken to reach a part; those of the built-in model from a
short reading.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from beacon_qa.commands import options
from beacon_qa.commands.progress import duration
from beacon_qa.commands.session import open_shelf
from beacon_qa.commands.terminal import Terminal
from beacon_qa.machine.costs import TOKENS_A_PAGE
from beacon_qa.machine.estimates import KNOWN_MODELS, REACHED, Estimate, estimate, measured
from beacon_qa.shelf import Shelf

if TYPE_CHECKING:
    from beacon_qa.machine import Machine


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
        for name, shape in KNOWN_MODELS.items()
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
        f"estimates: {REACHED:.0%} of the measured speed of matrix products."
    )
    return 0


def _builtin(tokens: int) -> Estimate | None:
    """The built-in model's cost, measured; None where an installation has no built-in model."""
    from beacon_qa.engine import BUILTIN, Engine

    if not (BUILTIN / "model.safetensors").exists():
        return None
    return measured(Engine.load().model, "built-in", tokens)


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
