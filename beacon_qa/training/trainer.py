"""Teach beacons to condense: windows, ratios drawn anew, loss over raw tokens, gradients through
memory.

Knows a model with beacons and batches of token ids; knows nothing of where the ids come from.
Paper section 3.3, spec section 13. A run writes its folder as it goes and carries on from it.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.parallel import loss_abreast
from beacon_qa.errors import TrainingError
from beacon_qa.training import checkpoints
from beacon_qa.training.batches import Batch
from beacon_qa.training.optimizer import Steps, make_steps
from beacon_qa.training.pointing import Pointing
from beacon_qa.training.processes import ALONE, Processes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How a run goes; `ratios` are drawn with repetition, one a step or one a window.

    `plain_share` of the steps train the plain model, without memory. `train_base` trains all
    weights rather than the beacons' alone. Learning rate: warm-up, then a cosine to its `end` over
    `decay` steps (0: all); attention learns at `attention_scale` of it, so that heads already in
    place are kept. `muon` chooses the optimiser of the layers' matrices. `abreast` reads all
    windows in one pass, which is faster and takes more memory (not where heads are taught to point,
    nor behind what is read without gradients); `recompute` keeps no activations of
    full windows for the gradients: less memory, more work. Products are made in bfloat16, or in
    float32 with `precision` 32. `pointing` is the weight of the evidence heads' lesson.
    """

    steps: int
    learning_rate: float = 5e-5
    attention_scale: float = 1.0
    warmup: int = 100
    decay: int = 0
    end: float = 0.1
    ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    mixed_share: float = 0.5
    plain_share: float = 0.0
    train_base: bool = False
    abreast: bool = False
    muon: bool = False
    clip: float = 1.0
    seed: int = 0
    save_every: float = 300.0
    recompute: bool = False
    precision: int = 16
    pointing: float = 0.0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, (self.decay or self.steps) - self.warmup)
        fallen = (1 - math.cos(math.pi * min(1.0, done))) / 2
        return self.learning_rate * (1 - (1 - self.end) * fallen)

    def schedule(self, step: int, batch: Batch, window: int) -> tuple[int, ...] | None:
        """The ratio of each window of a step's texts, or None for a plain step.

        There are none of these where the base does not learn.
        """
        windows: int = math.ceil(batch.ids.shape[1] / window)
        draw = Random(f"{self.seed}/{step}")
        if batch.plain or (draw.random() < self.plain_share and batch.base):
            return None
        if draw.random() < self.mixed_share:
            return tuple(draw.choice(self.ratios) for _ in range(windows))
        return (draw.choice(self.ratios),) * windows


def train(
    model: Any,
    batches: Callable[[int], Iterator[Batch]],
    plan: Plan,
    folder: Path,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[dict[str, Any]], None] = lambda row: None,
    processes: Processes = ALONE,
) -> int:
    """Train `model` in place until the plan's last step, and return the number of steps done.

    `batches(first)` yields the batches from step `first` on. Checkpoints and a log
    (`log.jsonl`, a row a step) are kept in `folder`, and a run begun there is carried on with.
    Each of several `processes` is given the same batches, and takes its own rows of them.
    Raises TrainingError if the folder holds a run of another model shape, or the plan is
    impossible.
    """
    if plan.plain_share and not plan.train_base:
        raise TrainingError(
            f"plain_share is {plan.plain_share}, but a plain step trains nothing while the base is "
            "frozen; set it to 0, or train the base too."
        )
    folder.mkdir(parents=True, exist_ok=True)
    if processes.first:
        (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=2))
    trained = choose_parameters(model, train_base=plan.train_base)
    steps = make_steps(trained, attention_scale=plan.attention_scale, muon=plan.muon)
    step = checkpoints.resume(folder, steps, trained)
    model.train()
    saved = time.monotonic()
    log_file = folder / "log.jsonl" if processes.first else Path(os.devnull)
    with log_file.open("a") as rows:
        for batch in batches(step):
            if step >= plan.steps or processes.agreed(should_stop()):
                break
            row = _train_step(model, steps, trained, batch, plan, step, processes)
            step += 1
            rows.write(json.dumps(row) + "\n")
            rows.flush()
            on_step(row)
            if processes.first and time.monotonic() - saved > plan.save_every:
                checkpoints.save(folder, steps, trained, step)
                saved = time.monotonic()
    if processes.first:
        checkpoints.save(folder, steps, trained, step)
    model.eval()
    return step


def choose_parameters(model: nn.Module, *, train_base: bool) -> dict[str, nn.Parameter]:
    """Freeze all but the parameters to train, and return those by name (spec section 3)."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(train_base or "beacon" in name)
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    if not trained:
        raise TrainingError("The model has no beacon parameters to train; load it with beacons.")
    return trained


def _train_step(
    model: Any,
    steps: Steps,
    trained: dict[str, nn.Parameter],
    batch: Batch,
    plan: Plan,
    step: int,
    processes: Processes = ALONE,
) -> dict[str, Any]:
    started = time.monotonic()
    batch = processes.own(batch)
    steps.set_rate(plan.rate(step))
    device = next(model.parameters()).device
    ids = torch.from_numpy(batch.ids.astype("int64")).to(device)
    weights = torch.from_numpy(batch.weights.astype("float32")).to(device)
    schedule = plan.schedule(step, batch, model.beacon.window)
    choose_parameters(model, train_base=plan.train_base and batch.base)
    with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == 16):
        loss, lesson = _loss(model, ids, weights, schedule, batch, plan)
    loss = loss * processes.share(float(batch.weights[:, batch.far + 1 :].sum()))
    total = loss if lesson is None else loss + plan.pointing / processes.count * lesson
    total.backward()  # type: ignore[no-untyped-call]
    processes.add_up(parameter.grad for parameter in trained.values())
    norm = nn.utils.clip_grad_norm_(trained.values(), plan.clip)
    if torch.isfinite(norm):
        steps.step()
    else:
        log.warning("step %d: gradient is not finite; the step is left out", step)
    steps.zero_grad()
    return {
        "step": step,
        "ratio": _ratio_name(schedule),
        **({} if lesson is None else {"pointing": round(float(lesson.detach()), 4)}),
        "loss": round(processes.total(float(loss.detach())), 4),
        "norm": round(float(norm), 3),
        "tokens": ids.numel() * processes.count,
        "seconds": round(time.monotonic() - started, 3),
    }


def _loss(
    model: Any,
    ids: Tensor,
    weights: Tensor,
    schedule: tuple[int, ...] | None,
    batch: Batch,
    plan: Plan,
) -> tuple[Tensor, Tensor | None]:
    """The weighted mean loss over a batch (no schedule: of the plain model), and the lesson."""
    taught = plan.pointing and schedule and any(map(len, batch.points))
    if plan.abreast and not taught and not batch.far:
        return loss_abreast(model, ids, schedule or (0,), weights), None
    # At ratio 0 all is kept, as in the plain model.
    memory = model.new_memory(schedule or (0,))
    if batch.far:
        _read_far(model, ids[:, : batch.far], memory)
    pointing = None
    if taught:
        pointing = memory.watch = Pointing(model.evidence_heads, memory, batch.points)
    out = model(
        input_ids=ids[:, batch.far :],
        past_key_values=memory,
        labels=ids[:, batch.far :],
        label_weights=weights[:, batch.far :],
        recompute=plan.recompute,
    )
    # The two know each other: what they hold would stay until such pairs are collected.
    memory.watch = None
    return out.loss, pointing.lesson() if pointing else None


def _read_far(model: Any, ids: Tensor, memory: Memory) -> None:
    """Read what no gradients run back to, as it is read outside of training."""
    model.eval()
    with torch.no_grad():
        model(input_ids=ids, past_key_values=memory, only_read=True)
    model.train()


def _ratio_name(schedule: tuple[int, ...] | None) -> str:
    if schedule is None:
        return "plain"
    return str(schedule[0]) if len(set(schedule)) == 1 else "mixed"
