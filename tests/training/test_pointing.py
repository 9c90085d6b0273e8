"""Teaching the evidence heads to point: the lesson against a slow reference, and its effect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beacon_qa.beacon import load_model
from beacon_qa.beacon.entries import entry_spans
from beacon_qa.beacon.watch import Watch
from beacon_qa.training.batches import Batch
from beacon_qa.training.pointing import Pointing
from beacon_qa.training.trainer import Plan, train

WINDOW, RATIO = 16, 4
TEXT = 4 * WINDOW
QUESTION = (TEXT + 1, TEXT + 9)
TOLD = (21, 30)
HEADS = ((0, 1), (1, 0), (1, 2))


@pytest.fixture
def model(tiny_checkpoint: Path) -> Any:
    model = load_model(tiny_checkpoint, device="cpu")
    model.evidence_heads = HEADS
    return model


def rows(count: int) -> torch.Tensor:
    """Texts of four windows, each with a question of its own in the fifth."""
    generator = torch.Generator().manual_seed(5)
    return torch.randint(10, 3000, (count, TEXT + 12), generator=generator)


def lesson(model: Any, ids: torch.Tensor, *told: tuple[int, int]) -> float:
    """What the questions of these rows would be taught, each asking for its own place."""
    memory = model.new_memory((RATIO,) * 5)
    points = [np.array([[*QUESTION, *place]]) for place in told]
    memory.watch = pointing = Pointing(HEADS, memory, points)
    model.train()
    model(input_ids=ids, past_key_values=memory, labels=ids)
    model.eval()
    found = pointing.lesson()
    assert found is not None
    return float(found.detach())


class Patient(Watch):
    """Watches the condensed entries only, however many windows close before they are looked at."""

    def settle(self, held: int) -> None:
        pass


def share_of(model: Any, ids: torch.Tensor, told: tuple[int, int]) -> float:
    """The share of a question's attention that falls on a place, head by head and word by word."""
    shares = []
    model.train()
    for head in HEADS:
        for word in range(*QUESTION):
            memory = model.new_memory((RATIO,) * 5)
            memory.watch = watch = Patient([head], TEXT // RATIO)
            watch.counted = [(word, word + 1)]
            # With gradients, as training reads: then windows are read one by one.
            model(input_ids=ids, past_key_values=memory)
            spans = entry_spans(memory.clock)[: watch.count]
            right = [place for place, (a, b) in enumerate(spans) if a < told[1] and b > told[0]]
            shares.append(float(watch.scores[right].sum().detach()))
    model.eval()
    return sum(shares) / len(shares)


def test_the_lesson_is_the_share_that_falls_on_the_right_beacons(model: Any) -> None:
    ids = rows(1)
    wanted = -math.log(share_of(model, ids, TOLD))
    assert lesson(model, ids, TOLD) == pytest.approx(wanted, rel=1e-4)
    assert lesson(model, ids, (41, 60)) < wanted - 0.1


def test_other_texts_of_the_batch_are_looked_over_too(model: Any) -> None:
    """Of two texts alike each draws half of the attention, so that half the share is right."""
    ids = rows(1)
    twice = lesson(model, ids.repeat(2, 1), TOLD, TOLD)
    assert twice == pytest.approx(lesson(model, ids, TOLD) + math.log(2), rel=1e-4)


def test_rows_behind_those_that_point_are_not_looked_at(model: Any) -> None:
    ids = rows(3)
    alone = lesson(model, ids[:2], TOLD, (41, 50))
    assert lesson(model, ids, TOLD, (41, 50)) == pytest.approx(alone, rel=1e-4)
    assert lesson(model, ids, TOLD, (41, 50), TOLD) != pytest.approx(alone, rel=1e-2)


def test_a_question_about_what_is_still_in_view_raw_teaches_nothing(model: Any) -> None:
    memory = model.new_memory((RATIO,) * 5)
    inside = np.array([[*QUESTION, TEXT, TEXT + 1]])
    memory.watch = pointing = Pointing(HEADS, memory, [inside])
    model.train()
    model(input_ids=rows(1), past_key_values=memory, labels=rows(1))
    assert pointing.lesson() is None


def test_training_makes_questions_point_and_without_the_lesson_they_do_not(
    model: Any, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    ids = rows(2)
    points = [np.array([[*QUESTION, *TOLD]]), np.array([[*QUESTION, 41, 50]])]
    batch = Batch(ids.numpy(), np.ones(ids.shape, np.float32), points)

    def repeated(first: int) -> Iterator[Batch]:
        while True:
            yield batch

    before = lesson(model, ids, TOLD, (41, 50))
    plan = Plan(steps=12, learning_rate=1e-2, warmup=1, ratios=(RATIO,), save_every=1e9)
    other = load_model(tiny_checkpoint, device="cpu")
    other.evidence_heads = HEADS
    train(model, repeated, replace(plan, pointing=1.0), tmp_path / "with")
    train(other, repeated, plan, tmp_path / "without")
    taught = lesson(model, ids, TOLD, (41, 50))
    assert taught < before - 0.2
    assert taught < lesson(other, ids, TOLD, (41, 50)) - 0.1
    assert '"pointing"' in (tmp_path / "with" / "log.jsonl").read_text()
    assert '"pointing"' not in (tmp_path / "without" / "log.jsonl").read_text()
