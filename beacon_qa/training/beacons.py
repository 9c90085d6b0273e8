"""Beacons for any base model, its own weights frozen: the run that `train --base` starts.

Knows how model, texts, chats and plan go together; knows nothing of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.batches import Batch
from beacon_qa.training.chats import mixed, read_chats
from beacon_qa.training.folder import documents_in
from beacon_qa.training.job import Job
from beacon_qa.training.stretches import Stretches, draw_stretches
from beacon_qa.training.trainer import Plan

RATIOS = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Lessons:
    """What is taught and how long: `rows` a step in each process, of at most `tokens` each.

    With `chats`, a file of questions and answers, these are learnt, and running texts by the way.
    `learning_rate` None is the paper's, of its pre-training or of its fine-tuning on chats.
    """

    steps: int
    tokens: int
    rows: int = 1
    chats: Path | None = None
    learning_rate: float | None = None
    seed: int = 0
    recompute: bool = False
    precision: int = 16

    def plan(self, window: int) -> Plan:
        """The plan for beacons beside a frozen base; ratios that do not divide `window` are out.

        Most steps draw a ratio for each window, which teaches best; the others keep to one ratio,
        so that the log tells the loss of each.
        """
        ratios = tuple(ratio for ratio in RATIOS if window % ratio == 0)
        if not ratios:
            raise TrainingError(f"No ratio from 2 to 32 divides a window of {window} tokens.")
        usual = 5e-5 if self.chats is None else 1e-5
        return Plan(
            steps=self.steps,
            learning_rate=usual if self.learning_rate is None else self.learning_rate,
            warmup=min(100, self.steps // 10),
            ratios=ratios,
            mixed_share=0.7,
            seed=self.seed,
            recompute=self.recompute,
            precision=self.precision,
        )


def train_beacons(job: Job, base: str, lessons: Lessons, **beacon_overrides: Any) -> int:
    """Train the beacons of `base` on the texts, its own weights frozen, and write the model.

    A base without beacons is given new ones. Raises TrainingError for too few tokens or texts.
    """
    device = job.processes.device or job.device
    dtype = torch.float32 if lessons.precision == 32 else None
    model = load_model(base, device=device, dtype=dtype, start_beacons=True, **beacon_overrides)
    prompts = Prompts(load_tokenizer(base))
    window = model.beacon.window
    if lessons.tokens <= window:
        raise TrainingError(
            f"A row of {lessons.tokens} tokens does not fill the window of {window}, so that "
            f"nothing would be condensed; give --tokens {2 * window} or more."
        )
    made = _batches(job, lessons, prompts, window)
    written = model.model.embed_tokens.weight.dtype
    float_beacons(model)
    done = job.train(model, made, lessons.plan(window))
    if job.processes.first:
        _write_beacons(model, job.out, written)
        prompts.tokenizer.save_pretrained(job.out)
    return done


def float_beacons(model: Any) -> None:
    """Hold the beacons' weights in float32, whatever the base is in.

    Steps as small as training makes vanish when they are added to weights of 16 bits; products
    are made in 16 bits all the same, under autocast.
    """
    for name, parameter in model.named_parameters():
        if "beacon" in name:
            parameter.data = parameter.data.float()


def _batches(
    job: Job, lessons: Lessons, prompts: Prompts, window: int
) -> Callable[[int], Iterator[Batch]]:
    rows = lessons.rows * job.processes.count
    texts = _stretches(job, lessons, prompts, rows)
    if lessons.chats is None:
        if texts is None:
            raise TrainingError("There is nothing to learn from; give --texts, or --chats.")
        return texts.batches()
    chats = read_chats(
        lessons.chats, prompts, rows=rows, window=window, tokens=lessons.tokens, seed=lessons.seed
    )
    return mixed(chats.batch, texts.batch if texts else None, lessons.seed)


def _stretches(job: Job, lessons: Lessons, prompts: Prompts, rows: int) -> Stretches | None:
    if job.texts is None:
        return None
    documents = documents_in(job.texts)
    return draw_stretches(documents, prompts, rows=rows, tokens=lessons.tokens, seed=lessons.seed)


def _write_beacons(model: Any, folder: Path, dtype: torch.dtype) -> None:
    """Write base and beacons to `folder` as one Hugging Face checkpoint, all of one dtype."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    # Saved under the stock class's name: any tool can load it as the plain model.
    model.config.architectures = [type(model).__mro__[2].__name__]
    logging.disable_progress_bar()
    model.save_pretrained(folder)
