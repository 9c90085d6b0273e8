"""`beacon-qa evaluate`: measure a model's memory and write a report.

Knows arguments and what they set; the measuring is done in the other rooms.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beacon_qa.commands.terminal import Terminal
from beacon_qa.engine import Engine
from beacon_qa.errors import BeaconError, EvaluationError
from beacon_qa.evaluation.evidence_command import (
    add_evidence_arguments,
    run_calibration,
    run_evidence,
)
from beacon_qa.evaluation.outcome import Outcome, Wanted, known_ratios
from beacon_qa.evaluation.report import write_report

_MEASURES = ("perplexity", "passkey", "needle", "topics", "qa", "short", "gap")
"""The measurements of a whole run, each a room of its name; evidence has a report of its own."""

_NEEDED = {"topics": "records", "qa": "questions"}
"""The files that a measurement cannot do without."""

_EPILOG = """\
perplexity   loss on the same tokens after 1, 2, 4, ... 100 windows of text
passkey      one number told in a long text, by depth and length
needle       invented facts told in a long text, by depth and length
topics       LongEval topics and lines, key-value records (--records)
qa           question sets, evidence 8 windows or more back (--questions)
short        what the beacons leave unchanged, and scores on short texts
gap          the part of a text's help that survives; 16 against 4 bits
evidence     does attention find the place, and does reading it again help
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--model", metavar="ID", help="a beacon checkpoint (default: the built-in model)"
    )
    parser.add_argument("--bits", type=int, choices=(4, 8, 16), help="load it in so many bits")
    parser.add_argument("--device", help='where to run, such as "cpu" or "cuda:0"')
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the report is written"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*_MEASURES, "evidence"),
        metavar="NAME",
        help="these measurements only (see below); evidence is measured only when it is named",
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run: little of everything")
    parser.add_argument("--number", type=int, metavar="N", help="how many texts of each kind")
    parser.add_argument("--seed", type=int, default=0, help="another draw of facts and places")
    _add_texts(parser)
    add_evidence_arguments(parser)


def _add_texts(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("texts the model was not trained on")
    group.add_argument(
        "--texts", type=Path, metavar="FOLDER", help="prose (default: the novel that comes along)"
    )
    group.add_argument(
        "--questions",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="question sets: SQuAD, FairytaleQA, NQ with passages, SQuALITY, QMSum (JSON lines)",
    )
    group.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="retrieval records: LongEval topics or lines, key-value pairs (JSON lines)",
    )
    group.add_argument(
        "--wordings",
        choices=("test", "train"),
        default="test",
        help="ask for invented facts in wordings never trained on (test, the default) or not",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, write the report after each measurement, and say where it is."""
    terminal = Terminal(sys.stdout, sys.stderr)
    # Hours of measuring would be lost if it could not be written.
    args.out.mkdir(parents=True, exist_ok=True)
    names = [] if args.calibrate else _names(args, terminal)
    engine = Engine.load(args.model, bits=args.bits, device=args.device)
    if args.calibrate:
        run_calibration(args, engine, terminal)
        return 0
    counter = _Counter(terminal)
    if "evidence" in names:
        run_evidence(args, engine, terminal, lambda found: counter("evidence"))
        names.remove("evidence")
    if names:
        _measure(args, engine, names, terminal, counter)
    return 0


def _measure(
    args: argparse.Namespace,
    engine: Engine,
    names: list[str],
    terminal: Terminal,
    counter: Callable[[str], None],
) -> None:
    wanted = _wanted(args, engine, counter)
    begun, busy = time.monotonic(), time.process_time()
    outcomes: list[Outcome] = []
    path = args.out
    for name in names:
        outcomes.append(_outcome(wanted, name, alone=len(names) == 1))
        minutes = (time.monotonic() - begun) / 60, (time.process_time() - busy) / 60
        path = write_report(args.out, _about(wanted, minutes), outcomes)
        terminal.note(f"{name} is done, {minutes[0]:.1f} minutes so far")
    terminal.say(path.read_text("utf-8"))
    terminal.say(f"The report, its figures, plots and failures are in {args.out}")


def _outcome(wanted: Wanted, name: str, *, alone: bool) -> Outcome:
    """One measurement; what it refuses is told in the report, unless it is the only one."""
    room = importlib.import_module(f"beacon_qa.evaluation.{name}")
    try:
        outcome: Outcome = room.measure(wanted)
    except BeaconError as error:
        if alone:
            raise
        return Outcome(name, name.capitalize(), f"Not measured: {error}", {"error": str(error)})
    return outcome


def _names(args: argparse.Namespace, terminal: Terminal) -> list[str]:
    """The measurements to make; those that lack their files are left out of a whole run."""
    if args.number is not None and args.number < 1:
        raise EvaluationError(f"--number is {args.number}; ask about one text or more.")
    names = []
    for name in args.only or _MEASURES:
        needed = _NEEDED.get(name)
        if needed is None or getattr(args, needed):
            names.append(name)
        elif args.only:
            raise EvaluationError(f"{name} needs files of its own; give them with --{needed} FILE.")
        else:
            terminal.note(f"{name} is left out: it needs --{needed} FILE")
    return names


def _wanted(args: argparse.Namespace, engine: Engine, done: Callable[[str], None]) -> Wanted:
    return Wanted(
        engine,
        known_ratios(engine),
        texts=args.texts,
        questions=tuple(args.questions),
        records=tuple(args.records),
        wordings=args.wordings,
        number=args.number,
        seed=args.seed,
        quick=args.quick,
        done=done,
    )


def _about(wanted: Wanted, minutes: tuple[float, float]) -> dict[str, Any]:
    engine = wanted.engine
    return {
        "model": f"{engine.name} ({engine.key}), {engine.model.identity.dtype}",
        "window": f"{engine.window} tokens",
        "texts": [document.title for document in wanted.documents],
        "files": [path.name for path in (*wanted.questions, *wanted.records)],
        "wordings of invented facts": wanted.wordings,
        "seed": wanted.seed,
        "quick": wanted.quick,
        "minutes": f"{minutes[0]:.1f} (processor: {minutes[1]:.1f})",
    }


class _Counter:
    """Notes now and then how much of a measurement has been done."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._begun = self._noted = time.monotonic()
        self._name, self._done = "", 0

    def __call__(self, name: str) -> None:
        self._done = self._done + 1 if name == self._name else 1
        self._name = name
        now = time.monotonic()
        if now - self._noted > 10:
            self._noted = now
            self._terminal.note(f"{name}: {self._done} done, {now - self._begun:.0f} s")
