"""The two runs there are: beacons for any base model, and the built-in model from scratch.

Knows how model, texts, plan and folder go together; knows nothing of arguments. A run keeps its
state in the folder `training` of its output and carries on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training import recipe
from beacon_qa.training.batches import Batch, Source, batches
from beacon_qa.training.builtin import new_builtin, write_weights
from beacon_qa.training.copying import sharpen
from beacon_qa.training.folder import documents_in
from beacon_qa.training.packing import open_packed, pack_texts
from beacon_qa.training.recipe import Phase
from beacon_qa.training.stretches import draw_stretches
from beacon_qa.training.texts import HeldOut, read_folder
from beacon_qa.training.trainer import Plan, train
from beacon_qa.training.vocabulary import load_vocabulary

RATIOS = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Job:
    """Where texts and result are, and who is told; the same for both runs."""

    texts: Path
    out: Path
    device: str | None = None
    on_step: Callable[[dict[str, Any]], None] = field(default=lambda row: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)

    @property
    def state(self) -> Path:
        """The folder of checkpoints and log."""
        return self.out / "training"

    def train(
        self, model: Any, made: Callable[[int], Iterator[Batch]], plan: Plan, run: str = ""
    ) -> int:
        """Train until the plan's end, or stopped; a later `run` has a folder of its own.

        Returns the steps done.
        """
        return train(
            model,
            made,
            plan,
            self.state / run,
            should_stop=self.should_stop,
            on_step=self.on_step,
        )


def beacon_plan(
    steps: int, *, window: int, learning_rate: float | None = None, seed: int = 0
) -> Plan:
    """The plan for beacons beside a frozen base; ratios that do not divide the window are out.

    Most steps draw a ratio for each window, which teaches best; the others keep to one ratio, so
    that the log tells the loss of each.
    """
    ratios = tuple(ratio for ratio in RATIOS if window % ratio == 0)
    if not ratios:
        raise TrainingError(f"No ratio from 2 to 32 divides a window of {window} tokens.")
    return Plan(
        steps=steps,
        learning_rate=5e-5 if learning_rate is None else learning_rate,
        warmup=min(100, steps // 10),
        ratios=ratios,
        mixed_share=0.7,
        seed=seed,
    )


def train_beacons(
    job: Job,
    base: str,
    *,
    steps: int,
    tokens: int,
    rows: int = 1,
    learning_rate: float | None = None,
    seed: int = 0,
    **beacon_overrides: Any,
) -> int:
    """Train the beacons of `base` on the texts, its own weights frozen, and write the model.

    A base without beacons is given new ones. Raises TrainingError for too few tokens or texts.
    """
    model = load_model(base, device=job.device, start_beacons=True, **beacon_overrides)
    prompts = Prompts(load_tokenizer(base))
    window = model.beacon.window
    if tokens <= window:
        raise TrainingError(
            f"A row of {tokens} tokens does not fill the window of {window}, so that nothing would "
            f"be condensed; give --tokens {2 * window} or more."
        )
    stretches = draw_stretches(
        documents_in(job.texts), prompts, rows=rows, tokens=tokens, seed=seed
    )
    dtype = model.model.embed_tokens.weight.dtype
    # Steps this small vanish when they are added to weights of 16 bits.
    for name, parameter in model.named_parameters():
        if "beacon" in name:
            parameter.data = parameter.data.float()
    plan = beacon_plan(steps, window=window, learning_rate=learning_rate, seed=seed)
    done = job.train(model, stretches.batches(), plan)
    _write_beacons(model, job.out, dtype)
    prompts.tokenizer.save_pretrained(job.out)
    return done


def train_builtin(
    job: Job,
    vocabulary: Path,
    *,
    held_out: Path | None = None,
    steps: int = recipe.STEPS,
    learning_rate: float | None = None,
    seed: int = 0,
) -> int:
    """Train a model of the built-in's shape from scratch by the recipe, and write it.

    `held_out` is a folder of books that are left out of the texts wherever they stand.
    """
    tokenizer = load_tokenizer(vocabulary)
    packed = _packed(job, vocabulary, held_out)
    model = new_builtin(tokenizer, seed=seed).to(job.device or _best_device())

    def run(phase: Phase, name: str = "") -> int:
        made = _made(Source(packed, vocabulary, weights=phase.weights), phase, seed)
        return job.train(model, made, phase.plan(learning_rate=learning_rate, seed=seed), name)

    done = 0
    for phase in recipe.phases(steps):
        done = run(phase)
        if done < phase.until:
            break
    sharpen(model, recipe.SHARPEN)
    if done >= recipe.STEPS:
        for name, phase in recipe.AFTERWARDS.items():
            done += run(phase, name)
    write_weights(model, job.out)
    tokenizer.save_pretrained(job.out)
    return done


def _made(source: Source, phase: Phase, seed: int) -> Callable[[int], Iterator[Batch]]:
    return lambda first: batches(source, phase.batch, seed=phase.data_seed + seed, first_step=first)


def _packed(job: Job, vocabulary: Path, held_out: Path | None) -> Path:
    """The folder of packed texts; they are packed on a run's first start."""
    packed, tokenizer = job.state / "packed", load_vocabulary(vocabulary)
    if (packed / "index.json").exists():
        open_packed(packed, tokenizer)
    else:
        books = HeldOut(list(read_folder(held_out))) if held_out else None
        pack_texts(read_folder(job.texts), tokenizer, packed, held_out=books)
    return packed


def _best_device() -> str:
    return "cuda:0" if torch.cuda.is_available() else "cpu"


def _write_beacons(model: Any, folder: Path, dtype: torch.dtype) -> None:
    """Write base and beacons to `folder` as one Hugging Face checkpoint, all of one dtype."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    # Saved under the stock class's name: any tool can load it as the plain model.
    model.config.architectures = [type(model).__mro__[2].__name__]
    model.save_pretrained(folder)
