"""Run the benchmarks: `python -m benchmarks.run --out docs/benchmarks`.

Every measurement on a CPU is a process of its own, and what is compared takes turns: with beacons,
plain, with beacons, plain. A machine that is slow for a while is then slow for both.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.case import Case, CaseFailed, measure, measure_here
from benchmarks.formulas import Dimensions
from benchmarks.plan import Plan, plans
from benchmarks.report import write_report

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the shapes asked for and write report.md, report.json and plots; 0 if all ran."""
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    begun = time.monotonic()
    chosen = plans(options.shape or ["builtin", "100m"], quick=options.quick, whole=options.whole)
    shapes: dict[str, dict[str, Any]] = {}
    for plan in chosen:
        try:
            shapes[plan.title] = _measure_shape(plan, options)
        except CaseFailed as error:
            logger.error("No model to measure: %s", error)
            return 1
        # After each, so that what is measured is there though the next should take too long.
        about = {"ratio": options.ratio, "seconds": round(time.monotonic() - begun)}
        logger.info("%s", write_report(options.out, about, shapes))
    return 1 if any(found["failed"] for found in shapes.values()) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.run")
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for the report and the plots")
    add("--shape", action="append", choices=["builtin", "100m", "7b"], help="7b needs a GPU")
    add("--ratio", type=int, default=8, help="condensing ratio of the readings (8)")
    add("--threads", type=int, default=0, help="CPU threads (the library's choice)")
    add(
        "--quick",
        action="store_true",
        help="a tiny shape in one process, to see that it runs",
    )
    add("--whole", action="store_true", help="read every length from start to end: hours")
    return parser


class Measurer:
    """Runs the cases of one shape and remembers those that failed."""

    def __init__(self, plan: Plan, checkpoint: str, threads: int, *, here: bool) -> None:
        self.plan = plan
        self.measure = measure_here if here else measure
        self.checkpoint = checkpoint
        self.threads = threads
        self.failed: list[str] = []

    def __call__(self, name: str, **settings: Any) -> dict[str, Any] | None:
        plan = self.plan
        case = Case(name, self.checkpoint, plan.device, plan.bits, self.threads, settings)
        begun = time.monotonic()
        try:
            found = self.measure(case)
        except CaseFailed as error:
            self.failed.append(f"{settings}: {error}")
            logger.warning("%s %s", plan.title, self.failed[-1])
            return None
        logger.info("%s %s %s: %.0f s", plan.title, name, settings, time.monotonic() - begun)
        return found


def _measure_shape(plan: Plan, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        case = Case("write_checkpoint", folder, settings={"shape": plan.shape})
        here = options.quick or plan.device != "cpu"
        checkpoint = (measure_here if here else measure)(case)["checkpoint"]
        run = Measurer(plan, checkpoint, options.threads, here=here)
        about = run("describe") or {}
        return {
            "about": about,
            "reason": plan.reason,
            "readings": _readings(plan, run, options.ratio, about),
            "steep": _steep(plan, run),
            "bytes_per_token": run("bytes_per_token", ratios=list(plan.ratios)),
            "decoding": run(
                "decoding",
                tokens=plan.decode_after,
                ratio=options.ratio,
                rounds=plan.rounds,
                answer=plan.answer,
            ),
            "together": run(
                "together",
                tokens=plan.decode_after,
                ratio=options.ratio,
                questions=plan.questions,
                answer=plan.answer_together,
                rounds=plan.rounds,
            ),
            "looking": run(
                "looking",
                tokens=plan.decode_after,
                ratio=options.ratio,
                rounds=plan.looks,
                answer=plan.answer_looking,
            ),
            "reopening": run(
                "reopening", tokens=plan.reopen_at, ratio=options.ratio, repeats=plan.rounds
            ),
            "failed": run.failed,
        }


def _readings(plan: Plan, run: Measurer, ratio: int, about: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for tokens in plan.all_lengths():
        whole, plain = [], []
        for turn in range(max(plan.whole.get(tokens, 0), plan.plain.get(tokens, 0))):
            if turn < plan.whole.get(tokens, 0):
                whole.append(run("with_beacons", tokens=tokens, ratio=ratio))
            if turn < plan.plain.get(tokens, 0):
                plain.append(run("with_full_attention", tokens=tokens))
        sums = run("sampled", tokens=tokens, ratio=ratio) if tokens in plan.sampled else None
        row = {
            "tokens": tokens,
            "whole": _median(whole),
            "plain": _median(plain),
            "sampled": sums,
        }
        found.append(row | _expected(tokens, ratio, about))
    return found


def _expected(tokens: int, ratio: int, about: dict[str, Any]) -> dict[str, Any]:
    """What the operations alone would make of the comparison."""
    if not about:
        return {}
    sizes = Dimensions(**about["sizes"])
    ours = sizes.beacon_prefill(tokens, ratio, about["window"])
    return {"operations": ours, "expected_speedup": sizes.full_prefill(tokens) / ours}


def _steep(plan: Plan, run: Measurer) -> list[dict[str, Any]]:
    return [
        {"tokens": tokens, "ratio": plan.steep, "sampled": found}
        for tokens in plan.sampled
        if (found := run("sampled", tokens=tokens, ratio=plan.steep))
    ]


def _median(rounds: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    done = [found for found in rounds if found is not None]
    if not done:
        return None
    middle: dict[str, Any] = {
        key: statistics.median(found[key] for found in done) for key in done[0]
    }
    return middle | {"rounds": [found["seconds"] for found in done]}


if __name__ == "__main__":
    raise SystemExit(main())
