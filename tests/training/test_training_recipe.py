"""The recipe of the built-in model, and the stretches of text that beacons are taught on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from beacon_qa.beacon import load_tokenizer
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.afterwards import AFTERWARDS
from beacon_qa.training.beacons import Lessons
from beacon_qa.training.folder import documents_in
from beacon_qa.training.recipe import STEPS, phases
from beacon_qa.training.stretches import Stretches, draw_stretches


def test_the_recipe_is_as_it_was_run() -> None:
    assert [phase.until for phase in phases()] == [444, 729, STEPS]
    rows = [[(batch.rows, batch.n) for batch in phase.batches] for phase in phases()]
    assert rows == [[(6, 1024)], [(2, 4096)], [(1, 8192)]]
    for phase in (*phases(), *(phase for run in AFTERWARDS.values() for phase in run)):
        for batch in phase.batches:
            assert sum(batch.shares.values()) == pytest.approx(1.0)
        assert phase.plan().learning_rate == phase.learning_rate


def test_the_base_learns_too_but_in_one_run_and_some_batches_of_another() -> None:
    for name, run in {"": phases(), **AFTERWARDS}.items():
        assert {phase.plan().train_base for phase in run} == {name != "beacons"}
        frozen = [not all(batch.base for batch in phase.batches) for phase in run]
        assert frozen == [name == "asking" and phase == run[0] for phase in run]


def test_a_run_takes_short_and_long_rows_in_turn() -> None:
    lengths = [AFTERWARDS["widening"][-1].batch(step).n for step in range(10)]
    assert lengths == [1024, 4096, 1024, 4096, 1024, 4096, 1024, 8192, 1024, 4096]


def test_the_rate_of_a_run_falls_to_its_end() -> None:
    wide, planted = AFTERWARDS["wide"][-1].plan(), AFTERWARDS["planted"][-1].plan()
    for plan, end in ((wide, 0.02), (planted, 0.1)):
        assert plan.rate(plan.warmup) == pytest.approx(plan.learning_rate)
        assert plan.rate(plan.steps) == pytest.approx(end * plan.learning_rate)
        middle = (plan.steps + plan.warmup) // 2
        assert plan.rate(middle) == pytest.approx((1 + end) / 2 * plan.learning_rate, rel=0.01)


def test_a_shorter_run_is_the_beginning_of_the_recipe_and_a_longer_one_goes_on() -> None:
    assert [phase.until for phase in phases(20)] == [20]
    assert phases(20)[0].plan().rate(10) == phases()[0].plan().rate(10)
    assert [phase.until for phase in phases(500)] == [444, 500]
    assert [phase.until for phase in phases(STEPS + 100)] == [444, 729, STEPS + 100]


def test_a_plan_leaves_out_ratios_that_do_not_divide_the_window() -> None:
    assert Lessons(steps=10, tokens=96).plan(24).ratios == (2, 4, 8)
    with pytest.raises(TrainingError, match="window of 27"):
        Lessons(steps=10, tokens=96).plan(27)


@pytest.fixture
def stretches(tiny_checkpoint: Path, text_file: Path) -> Stretches:
    prompts = Prompts(load_tokenizer(tiny_checkpoint))
    return draw_stretches(documents_in(text_file), prompts, rows=3, tokens=80, seed=5)


def test_stretches_are_pieces_of_the_text(stretches: Stretches) -> None:
    ids, weights = stretches.batch(7)[:2]
    assert ids.shape == weights.shape == (3, 80)
    opening = len(stretches.opening)
    assert opening == 1
    text = stretches.ids.tolist()
    for row, weight in zip(ids.tolist(), weights.tolist(), strict=True):
        assert tuple(row[:opening]) == stretches.opening
        assert weight == [0.0] * opening + [1.0] * (80 - opening)
        piece = row[opening:]
        assert any(text[i : i + 79] == piece for i in range(len(text) - 78))


def test_batches_from_a_later_step_are_the_same(stretches: Stretches) -> None:
    made = stretches.batches()(0)
    for _ in range(3):
        next(made)
    assert np.array_equal(next(made).ids, next(stretches.batches()(3)).ids)
    assert not np.array_equal(stretches.batch(3).ids, stretches.batch(4).ids)


def test_texts_shorter_than_a_row_are_refused(tiny_checkpoint: Path, text_file: Path) -> None:
    prompts = Prompts(load_tokenizer(tiny_checkpoint))
    with pytest.raises(TrainingError, match="give more texts"):
        draw_stretches(documents_in(text_file), prompts, rows=1, tokens=10**6, seed=0)
