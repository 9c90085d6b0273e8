"""Batches of samples, made ahead of the trainer and the same whenever a run is repeated.

Knows that batch number `step` of a seed is always the same, whoever makes it and when. Does not
know what is in a sample, nor what a trainer does with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beacon_qa.errors import TrainingError
from beacon_qa.training.drafts import Weights
from beacon_qa.training.names import Split
from beacon_qa.training.packing import open_packed
from beacon_qa.training.reading import TALES
from beacon_qa.training.samples import SHORTEST, Sampler
from beacon_qa.training.vocabulary import load_vocabulary


class Batch(NamedTuple):
    """Ids (int64) and weights (float32), both of shape (rows, n); `points` as in each Sample.

    The first `far` tokens of each row are read without gradients. Without `base` the beacons alone
    learn from it; what is `plain` is not condensed.
    """

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    points: Sequence[NDArray[np.int64]] = ()
    far: int = 0
    base: bool = True
    plain: bool = False


@dataclass(frozen=True)
class Recipe:
    """What one batch is made of: rows, length n, and the share of each kind of sample.

    Of the n tokens the first `far`, whole windows, are read without gradients: a long memory to
    find something in costs no more than its reading. Without `base` the beacons alone learn from
    it, also where a run teaches all weights; what is `plain` is read without condensing it. Of the
    rows the first `pointed` teach the evidence heads to point, None: all. Raises TrainingError
    where nothing could learn.
    """

    rows: int
    n: int
    shares: Mapping[str, float]
    far: int = 0
    base: bool = True
    plain: bool = False
    pointed: int | None = None

    def __post_init__(self) -> None:
        if self.plain and not self.base:
            raise TrainingError(
                "A batch that is plain and without base teaches nothing: beacons learn from what "
                "is condensed alone. Let the base learn from it, or condense it."
            )


@dataclass(frozen=True)
class Source:
    """Where samples come from: packed texts, a vocabulary, and the Sampler's settings."""

    packed: Path
    vocabulary: Path
    split: Split = "train"
    wordings: Split | None = None
    weights: Weights = field(default_factory=Weights)
    absent: float = 0.1
    tales: float = TALES

    def open(self) -> Sampler:
        """Open the files; raises TrainingError if they are missing or do not belong together."""
        tokenizer = load_vocabulary(self.vocabulary)
        return Sampler(
            open_packed(self.packed, tokenizer),
            tokenizer,
            split=self.split,
            wordings=self.wordings,
            weights=self.weights,
            absent=self.absent,
            tales=self.tales,
        )


def make_batch(sampler: Sampler, recipe: Recipe, seed: int, step: int) -> Batch:
    """Batch number `step` of `seed`, made now."""
    rng = np.random.default_rng((seed, step))
    samples = [sampler.mixture(recipe.n, rng, recipe.shares) for _ in range(recipe.rows)]
    ids, weights, points = zip(*samples, strict=True)
    points = points[: recipe.pointed]
    return Batch(np.stack(ids), np.stack(weights), points, recipe.far, recipe.base, recipe.plain)


def batches(
    source: Source,
    recipe: Recipe | Callable[[int], Recipe],
    *,
    seed: int,
    first_step: int = 0,
    processes: int = 0,
    ahead: int = 2,
) -> Iterator[Batch]:
    """Yield batches without end, from `first_step` on; up to `ahead` (or more) are made ahead.

    A thread makes them, or so many `processes`; the batches are the same. `recipe` may depend on
    the step. Closing the iterator stops the making. Raises TrainingError if a recipe or the files
    cannot be used.
    """
    drawn_up = recipe if callable(recipe) else lambda step: recipe
    _check(drawn_up(first_step))
    sampler = source.open()
    with _executor(source, processes) as executor:
        waiting: deque[Future[Batch]] = deque()
        step = first_step
        try:
            while True:
                while len(waiting) < max(ahead, 2 * processes):
                    waiting.append(
                        _submit(executor, sampler, drawn_up(step), seed, step, processes)
                    )
                    step += 1
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _check(recipe: Recipe) -> None:
    if recipe.rows < 1 or recipe.n < SHORTEST:
        raise TrainingError(
            f"A batch of {recipe.rows} rows of {recipe.n} tokens cannot be made; "
            f"ask for one row or more of at least {SHORTEST} tokens."
        )


def _executor(source: Source, processes: int) -> Executor:
    if processes < 1:
        return ThreadPoolExecutor(1, thread_name_prefix="batches")
    # Spawned, not forked: a forked child of a process that uses a GPU cannot be trusted.
    return ProcessPoolExecutor(processes, get_context("spawn"), _Worker.start, (source,))


def _submit(
    executor: Executor, sampler: Sampler, recipe: Recipe, seed: int, step: int, processes: int
) -> Future[Batch]:
    if processes < 1:
        return executor.submit(make_batch, sampler, recipe, seed, step)
    return executor.submit(_Worker.make, recipe, seed, step)


class _Worker:
    """What a process keeps between batches: its own sampler."""

    sampler: Sampler

    @classmethod
    def start(cls, source: Source) -> None:
        cls.sampler = source.open()

    @classmethod
    def make(cls, recipe: Recipe, seed: int, step: int) -> Batch:
        return make_batch(cls.sampler, recipe, seed, step)
