"""The built-in model from scratch: the run that `train --builtin` starts.

Knows how model, texts, recipe and folder go together; knows nothing of arguments.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from beacon_qa.beacon import load_tokenizer
from beacon_qa.errors import TrainingError
from beacon_qa.training import recipe
from beacon_qa.training.afterwards import AFTERWARDS, GROWN, KEPT
from beacon_qa.training.batches import Batch, Source, batches
from beacon_qa.training.blending import blend, copied
from beacon_qa.training.builtin import new_builtin, write_weights
from beacon_qa.training.copying import sharpen
from beacon_qa.training.growing import grown
from beacon_qa.training.job import Job
from beacon_qa.training.packing import open_packed, pack_texts
from beacon_qa.training.recipe import Phase
from beacon_qa.training.runs_wide import LAYERS
from beacon_qa.training.texts import HeldOut, read_folder
from beacon_qa.training.vocabulary import load_vocabulary

_MOST_MAKERS = 12


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
    model = new_builtin(tokenizer, seed=seed)
    device = job.processes.device or job.device or _best_device()
    model.to(device)

    def run(phase: Phase, name: str = "") -> int:
        source = Source(
            packed,
            vocabulary,
            split=phase.split,
            wordings=phase.wordings,
            weights=phase.weights,
            tales=phase.tales,
        )
        plan = phase.plan(learning_rate=learning_rate, seed=seed)
        # A CPU is faster where a window's numbers stay in its cache; a GPU wants large products.
        plan = replace(plan, abreast=model.device.type != "cpu")
        return job.train(model, _made(source, phase, seed, _makers(model.device)), plan, name)

    done = 0
    for phase in recipe.phases(steps):
        done = run(phase)
        if done < phase.until:
            break
    sharpen(model, recipe.SHARPEN)
    if done >= recipe.STEPS:
        started: dict[str, dict[str, Tensor]] = {}
        for name, phases in AFTERWARDS.items():
            if name == GROWN:
                model = grown(model, LAYERS, seed=seed).to(device)
            if name in {kept.since for kept in KEPT}:
                started[name] = copied(model)
            done += [run(phase, name) for phase in phases][-1]
            for kept in KEPT:
                if kept.after == name:
                    blend(model, started[kept.since], kept.share)
    if job.processes.first:
        write_weights(model, job.out)
        tokenizer.save_pretrained(job.out)
    return done


def _made(
    source: Source, phase: Phase, seed: int, processes: int
) -> Callable[[int], Iterator[Batch]]:
    data_seed = phase.data_seed + seed
    return lambda first: batches(
        source, phase.batch, seed=data_seed, first_step=first, processes=processes
    )


def _makers(device: torch.device) -> int:
    """Processes that make batches; none beside a CPU, which a thread keeps up with.

    A GPU takes 400,000 tokens a second, about all that a thread makes, and the trainer wants the
    interpreter for itself.
    """
    return 0 if device.type == "cpu" else max(1, min(_MOST_MAKERS, (os.cpu_count() or 1) - 2))


def _packed(job: Job, vocabulary: Path, held_out: Path | None) -> Path:
    """The folder of packed texts; they are packed on a run's first start."""
    packed, tokenizer = job.state / "packed", load_vocabulary(vocabulary)
    if (packed / "index.json").exists():
        open_packed(packed, tokenizer)
    elif job.texts is None:
        raise TrainingError("There is nothing to learn from; give --texts.")
    elif job.processes.first:
        books = HeldOut(list(read_folder(held_out))) if held_out else None
        pack_texts(read_folder(job.texts), tokenizer, packed, held_out=books)
    # None begins before the first one is here.
    job.processes.total(0)
    return packed


def _best_device() -> str:
    return "cuda:0" if torch.cuda.is_available() else "cpu"
