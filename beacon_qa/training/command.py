"""`beacon-qa train`: beacons for a base model from a folder of texts, or the built-in model.

Knows arguments; the training is done in the other rooms.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from beacon_qa.commands.interrupt import interruptible
from beacon_qa.commands.options import positive
from beacon_qa.commands.terminal import Terminal
from beacon_qa.engine import BUILTIN
from beacon_qa.errors import TrainingError
from beacon_qa.training import recipe
from beacon_qa.training.progress import ratio_table, teller
from beacon_qa.training.runs import Job, train_beacons, train_builtin

_STEPS = 2000
_TOKENS = 8192


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--base", metavar="MODEL", help="teach beacons to this model, its own weights frozen"
    )
    what.add_argument(
        "--builtin", action="store_true", help="train the built-in model from scratch"
    )
    parser.add_argument(
        "--texts", type=Path, required=True, metavar="FOLDER", help="the texts to learn from"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where the model is written; a run begun there is carried on with",
    )
    parser.add_argument(
        "--steps", type=positive, help=f"(default: {_STEPS}; the built-in model {recipe.STEPS})"
    )
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help="at its highest")
    parser.add_argument("--seed", type=int, default=0, help="another draw of texts and ratios")
    parser.add_argument("--device", help='where to run, such as "cpu" or "cuda:0"')
    base = parser.add_argument_group("with --base")
    base.add_argument("--tokens", type=positive, default=_TOKENS, help=f"a row (default {_TOKENS})")
    base.add_argument("--rows", type=positive, default=1, help="rows a step (default: 1)")
    base.add_argument("--window", type=positive, help="tokens condensed at a time")
    builtin = parser.add_argument_group("with --builtin")
    builtin.add_argument(
        "--vocabulary", type=Path, default=BUILTIN, metavar="FOLDER", help="of another tokenizer"
    )
    builtin.add_argument(
        "--held-out", type=Path, metavar="FOLDER", help="books to leave out of the texts"
    )


def run(args: argparse.Namespace) -> int:
    """Train, or carry on with training, and write the model; 130 when stopped by Ctrl-C."""
    terminal = Terminal(sys.stdout, sys.stderr)
    steps = args.steps or (recipe.STEPS if args.builtin else _STEPS)
    if not args.texts.is_dir():
        raise TrainingError(f"There is no folder {args.texts}; give one with texts to learn from.")
    with interruptible() as stopped:
        job = Job(
            args.texts,
            args.out,
            device=args.device,
            on_step=teller(steps, terminal.note),
            should_stop=stopped,
        )
        done = _train(args, job, steps)
    terminal.say(f"{done} of {steps} steps done; the model is in {args.out}")
    if done:
        terminal.say(ratio_table(job.state / "log.jsonl"))
    if done < steps:
        terminal.note("Stopped. The same command carries on.")
        return 130
    return 0


def _train(args: argparse.Namespace, job: Job, steps: int) -> int:
    shared = {"steps": steps, "learning_rate": args.learning_rate, "seed": args.seed}
    if args.builtin:
        return train_builtin(job, args.vocabulary, held_out=args.held_out, **shared)
    beacons = {} if args.window is None else {"beacon_window": args.window}
    return train_beacons(job, args.base, tokens=args.tokens, rows=args.rows, **shared, **beacons)
