"""`beacon-qa evaluate --only evidence`, and `--calibrate`: does attention find the place?

Knows arguments and what they set; the measuring is done in the other rooms.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from beacon_qa.commands.terminal import Terminal
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.calibrate import calibrate
from beacon_qa.evaluation.evidence_report import plot_evidence, write_evidence_report
from beacon_qa.evaluation.hiding import HidingPlace, passages, planted, read_articles
from beacon_qa.evaluation.lookback import Found, measure
from beacon_qa.evaluation.plots import MISSING
from beacon_qa.evaluation.prose import DEMO
from beacon_qa.training.folder import documents_in

_WINDOWS, _RATIOS, _TEXTS, _FACTS = (32, 64, 100), (8, 16), 3, 8
_QUICK_WINDOWS, _QUICK_TEXTS = (16,), 1
_CALIBRATED, _CALIBRATED_TEXTS = 64, 6
"""Windows of the texts on which heads are chosen, at ratio 8, and their number."""


def add_evidence_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate` that belong to evidence."""
    group = parser.add_argument_group("evidence")
    group.add_argument(
        "--calibrate",
        action="store_true",
        help="choose the heads to watch and write them into the --model folder's config",
    )


def run_evidence(
    args: argparse.Namespace,
    engine: Engine,
    terminal: Terminal,
    on_found: Callable[[object], None],
) -> None:
    """Measure evidence and looking back, write the report, and show it."""
    known = {r for r in engine.model.beacon.ratios if r and engine.window % r == 0}
    ratios = [r for r in _RATIOS if r in known] or sorted(known)[:1]
    found: list[Found] = []
    for place in _places(args, engine):
        for ratio in ratios:
            for one in measure(engine, place, ratio):
                found.append(one)
                on_found(one)
    about: dict[str, Any] = {
        "model": engine.name,
        "key": engine.key,
        "heads": engine.model.evidence_heads,
        "contrast": engine.model.evidence_contrast,
        "questions": [path.name for path in args.questions] or "planted facts",
        "seed": args.seed,
    }
    path = write_evidence_report(args.out, about, found)
    if not plot_evidence(args.out / "evidence.png", found):
        terminal.note(MISSING)
    terminal.say(path.read_text("utf-8"))


def run_calibration(args: argparse.Namespace, engine: Engine, terminal: Terminal) -> None:
    """Choose heads and contrast on training's names, and keep them with the model."""
    config = Path(args.model or "") / "config.json"
    if not args.model or not config.is_file():
        raise EvaluationError(
            f"--calibrate writes into the folder of a checkpoint, and {args.model!r} is none; "
            "give --model FOLDER."
        )
    documents = list(documents_in(args.texts or DEMO))
    rng = random.Random(f"calibration {args.seed}")
    tokens = _CALIBRATED * engine.window
    texts = range(args.number or _CALIBRATED_TEXTS)
    places = [planted(documents, engine.prompts, tokens, _FACTS, rng, split="train") for _ in texts]
    chosen = calibrate(engine, places, min(8, max(engine.model.beacon.ratios)))
    settings = json.loads(config.read_text("utf-8"))
    settings["beacon_evidence_heads"] = [list(head) for head in chosen.heads]
    settings["beacon_evidence_contrast"] = chosen.contrast
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", "utf-8")
    had = ", and are those it had" if chosen.kept else ""
    terminal.say(
        f"Heads {chosen.heads} find {chosen.found:.0%} of {len(places) * _FACTS} facts among three "
        f"passages{had}; trusted from a contrast of {chosen.contrast} on."
    )


def _places(args: argparse.Namespace, engine: Engine) -> Iterator[HidingPlace]:
    texts = _QUICK_TEXTS if args.quick else _TEXTS
    articles = [article for path in args.questions for article in read_articles(path)]
    documents = [] if articles else list(documents_in(args.texts or DEMO))
    for windows in _QUICK_WINDOWS if args.quick else _WINDOWS:
        for number in range(args.number or texts):
            rng = random.Random(f"{args.seed}/{windows}/{number}")
            tokens = windows * engine.window
            if articles:
                yield passages(articles, engine.prompts, tokens, _FACTS, rng)
            else:
                yield planted(documents, engine.prompts, tokens, _FACTS, rng)
