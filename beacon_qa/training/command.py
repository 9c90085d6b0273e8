"""`beacon-qa train`: beacons for a base model from a folder of texts, or the built-in model.

Knows arguments; the training is done in the other rooms.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from beacon_qa.commands.options import above_zero, positive
from beacon_qa.commands.terminal import Terminal
from beacon_qa.engine import BUILTIN
from beacon_qa.errors import TrainingError
from beacon_qa.training import recipe
from beacon_qa.training.beacons import Lessons, train_beacons
from beacon_qa.training.job import Job
from beacon_qa.training.launching import launch
from beacon_qa.training.processes import is_one_of_several, started
from beacon_qa.training.progress import ratio_table, teller
from beacon_qa.training.runs import train_builtin

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
    parser.add_argument("--texts", type=Path, metavar="FOLDER", help="the texts to learn from")
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
    parser.add_argument("--learning-rate", type=above_zero, metavar="RATE", help="at its highest")
    parser.add_argument("--seed", type=int, default=0, help="another draw of texts and ratios")
    parser.add_argument("--device", help='where to run, such as "cpu" or "cuda:0"')
    parser.add_argument(
        "--processes",
        type=positive,
        default=1,
        metavar="N",
        help="train in N processes on this machine, a GPU each (default: 1)",
    )
    base = parser.add_argument_group("with --base")
    base.add_argument(
        "--chats",
        type=Path,
        metavar="FILE",
        help="questions and answers, a JSON object a line; of these only answers are learnt",
    )
    base.add_argument("--tokens", type=positive, default=_TOKENS, help=f"a row (default {_TOKENS})")
    base.add_argument(
        "--rows", type=positive, default=1, help="rows a step, in each process (default: 1)"
    )
    base.add_argument("--window", type=positive, help="tokens condensed at a time")
    base.add_argument(
        "--recompute",
        action="store_true",
        help="run each window twice instead of keeping it for the gradients: less memory",
    )
    base.add_argument(
        "--precision",
        type=int,
        choices=(16, 32),
        default=16,
        help="bits of the products: bfloat16, or float32 (default: 16)",
    )
    builtin = parser.add_argument_group("with --builtin")
    builtin.add_argument(
        "--vocabulary", type=Path, default=BUILTIN, metavar="FOLDER", help="of another tokenizer"
    )
    builtin.add_argument(
        "--held-out", type=Path, metavar="FOLDER", help="books to leave out of the texts"
    )


def run(args: argparse.Namespace) -> int:
    """Train, or carry on with training, and write the model; 130 when stopped by Ctrl-C."""
    _check(args)
    if args.processes > 1 and not is_one_of_several():
        return launch(args.processes, args.words)
    terminal = Terminal(sys.stdout, sys.stderr)
    steps = args.steps or (recipe.STEPS if args.builtin else _STEPS)
    with started(args.device) as processes:
        job = Job(
            args.texts,
            args.out,
            device=args.device,
            processes=processes,
        )
        if processes.first:
            job = replace(job, on_step=teller(steps, terminal.note))
        done = _train(args, job, steps)
    if processes.first:
        _tell(terminal, job, done, steps)
    return 0 if done >= steps else 130


def _check(args: argparse.Namespace) -> None:
    if args.texts is None and (args.builtin or args.chats is None):
        raise TrainingError("There is nothing to learn from; give a folder with --texts.")
    if args.texts is not None and not args.texts.is_dir():
        raise TrainingError(f"There is no folder {args.texts}; give one with texts to learn from.")
    if args.builtin and (args.chats or args.recompute):
        raise TrainingError("--chats and --recompute go with --base; leave them out.")
    if args.processes > 1 and args.device not in (None, "cpu"):
        raise TrainingError(f"{args.processes} processes do not fit {args.device}; leave it out.")


def _tell(terminal: Terminal, job: Job, done: int, steps: int) -> None:
    if done < steps and terminal.watched:
        terminal.note("")  # the terminal stands behind ^C
    terminal.say(f"{done} of {steps} steps done; the model is in {job.out}")
    if done:
        terminal.say(ratio_table(job.state / "log.jsonl"))
    if done < steps:
        terminal.note("Stopped. The same command carries on.")


def _train(args: argparse.Namespace, job: Job, steps: int) -> int:
    shared = {"steps": steps, "learning_rate": args.learning_rate, "seed": args.seed}
    if args.builtin:
        return train_builtin(job, args.vocabulary, held_out=args.held_out, **shared)
    lessons = Lessons(
        tokens=args.tokens,
        rows=args.rows,
        chats=args.chats,
        recompute=args.recompute,
        precision=args.precision,
        **shared,
    )
    beacons = {} if args.window is None else {"beacon_window": args.window}
    return train_beacons(job, args.base, lessons, **beacons)
