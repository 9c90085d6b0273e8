"""`beacon-qa evaluate`: measure a model's memory and write the tables.

Knows arguments and what they set; the measuring is done in the other rooms.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from beacon_qa.commands.terminal import Terminal
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.evidence_command import (
    add_evidence_arguments,
    run_calibration,
    run_evidence,
)
from beacon_qa.evaluation.perplexity import Lengths, score_all
from beacon_qa.evaluation.planted import Settings, ask_all, draw_trials
from beacon_qa.evaluation.prose import read_prose
from beacon_qa.evaluation.report import write_report

_QUICK = Settings(texts=8, distances=(1, 4, 16), ratios=(2, 8, 32))
_QUICK_LENGTHS = Lengths(places=4, windows=(0, 1, 4, 16), ratios=(2, 8, 32))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    parser.add_argument(
        "--model", metavar="ID", help="a beacon checkpoint (default: the built-in model)"
    )
    parser.add_argument("--bits", type=int, choices=(4, 8, 16), help="load it in so many bits")
    parser.add_argument("--device", help='where to run, such as "cpu" or "cuda:0"')
    parser.add_argument(
        "--texts",
        type=Path,
        metavar="FOLDER",
        help="texts the model was not trained on (default: the novel that comes along)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the tables are written"
    )
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer of everything")
    parser.add_argument(
        "--only",
        choices=("planted", "loss", "evidence"),
        help="one measurement only; evidence is measured only when it is named",
    )
    parser.add_argument(
        "--wordings",
        choices=("test", "train"),
        default="test",
        help="ask in wordings never trained on (test, the default) or in those of training",
    )
    parser.add_argument("--number", type=int, metavar="N", help="how many texts are asked about")
    parser.add_argument("--seed", type=int, default=0, help="another draw of facts and places")
    add_evidence_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, write the report, and say where it is."""
    terminal = Terminal(sys.stdout, sys.stderr)
    # Hours of measuring would be lost if it could not be written.
    args.out.mkdir(parents=True, exist_ok=True)
    engine = Engine.load(args.model, bits=args.bits, device=args.device)
    if args.calibrate:
        run_calibration(args, engine, terminal)
        return 0
    if args.only == "evidence":
        run_evidence(args, engine, terminal, _counter(terminal, "questions", 0))
        return 0
    texts = read_prose(args.texts, engine.prompts)
    settings, lengths = _settings(args, engine)
    begun = time.monotonic()
    answers, scores = [], []
    if args.only != "loss":
        trials = draw_trials(texts, engine.prompts, engine.window, settings)
        total = sum(len(trial.told) for trial in trials) * (len(settings.ratios) + 4)
        answers = ask_all(engine, trials, settings, on_answer=_counter(terminal, "answers", total))
    if args.only != "planted":
        total = lengths.places * len(lengths.ratios) * len(lengths.windows)
        scores = score_all(engine, texts, lengths, on_score=_counter(terminal, "losses", total))
    about = {
        "model": engine.name,
        "key": engine.key,
        "window": engine.window,
        "texts": [text.title for text in texts],
        "planted": asdict(settings),
        "loss": asdict(lengths),
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    path = write_report(args.out, about, answers, scores)
    terminal.say(path.read_text("utf-8"))
    terminal.say(
        f"{len(answers)} answers and {len(scores)} losses; tables and failures in {args.out}"
    )
    return 0


def _settings(args: argparse.Namespace, engine: Engine) -> tuple[Settings, Lengths]:
    """What to measure: the ratios that the model has and its window allows."""
    settings, lengths = (_QUICK, _QUICK_LENGTHS) if args.quick else (Settings(), Lengths())
    known = {r for r in engine.model.beacon.ratios if r and engine.window % r == 0}
    ratios = tuple(r for r in settings.ratios if r in known) or tuple(sorted(known))
    if not ratios:
        raise EvaluationError(f"{engine.name} has no condensing ratio above 0 to be measured.")
    number = settings.texts if args.number is None else args.number
    if number < 1:
        raise EvaluationError(f"--number is {number}; ask about one text or more.")
    changed: dict[str, Any] = {"ratios": ratios, "seed": args.seed}
    return (
        Settings(**asdict(settings) | changed | {"texts": number, "wordings": args.wordings}),
        Lengths(**asdict(lengths) | changed),
    )


def _counter(terminal: Terminal, name: str, total: int) -> Callable[[object], None]:
    """A callback that notes now and then how many have been done."""
    begun, done, noted = time.monotonic(), 0, 0.0

    def count(_: object) -> None:
        nonlocal done, noted
        done += 1
        now = time.monotonic()
        if now - noted > 5:
            noted = now
            of = f" of about {total}" if total else ""
            terminal.note(f"{name}: {done}{of}, {now - begun:.0f} s")

    return count
