"""Batches are the same whenever and by whomever they are made."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch, Recipe, Source, batches

RECIPE = Recipe(rows=3, n=160, shares={"prose": 1.0, "dense": 1.0, "repeat": 1.0})


def some(source: Source, seed: int, first_step: int, count: int, processes: int = 0) -> list[Batch]:
    made = batches(source, RECIPE, seed=seed, first_step=first_step, processes=processes)
    return list(itertools.islice(made, count))


def same(one: list[Batch], two: list[Batch]) -> bool:
    return all(
        np.array_equal(a.ids, b.ids) and np.array_equal(a.weights, b.weights)
        for a, b in zip(one, two, strict=True)
    )


def test_a_resumed_run_sees_the_same_batches(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    whole = some(source, seed=7, first_step=0, count=6)
    assert whole[0].ids.shape == (3, 160)
    assert same(whole[4:], some(source, seed=7, first_step=4, count=2))
    assert not same(whole[:2], some(source, seed=8, first_step=0, count=2))
    assert not same(whole[:2], whole[2:4])


def test_processes_make_the_same_batches(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    assert same(some(source, 7, 1, 3), some(source, 7, 1, 3, processes=2))


def test_a_recipe_may_follow_the_step(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    made = batches(source, lambda step: Recipe(1, 128 + step, {"prose": 1.0}), seed=0)
    assert [batch.ids.shape for batch in itertools.islice(made, 3)] == [
        (1, 128),
        (1, 129),
        (1, 130),
    ]


def test_the_first_rows_alone_may_teach_to_point(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    whole = next(batches(source, Recipe(4, 512, {"dense": 1.0}), seed=3))
    first = next(batches(source, Recipe(4, 512, {"dense": 1.0}, pointed=2), seed=3))
    assert same([whole], [first])
    assert [len(batch.points) for batch in (whole, first)] == [4, 2]
    assert all(map(np.array_equal, whole.points, first.points))


def test_a_batch_without_rows_or_length_is_refused(packed_folder: Path, vocabulary: Path) -> None:
    for recipe in (Recipe(0, 256, {"prose": 1.0}), Recipe(1, 16, {"prose": 1.0})):
        with pytest.raises(TrainingError, match="rows"):
            next(batches(Source(packed_folder, vocabulary), recipe, seed=0))


def test_a_batch_from_which_nothing_can_learn_is_refused() -> None:
    with pytest.raises(TrainingError, match="teaches nothing"):
        Recipe(1, 256, {"prose": 1.0}, base=False, plain=True)
