"""Reading into memory: progress, stopping, going on after a kill, choosing a ratio."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import Memory, Progress, choose_ratio, condense, load_model, read_header
from beacon_qa.beacon.saving import next_pause
from beacon_qa.errors import ConfigError, ModelError

WINDOW = 16


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return load_model(make_checkpoint(tmp_path / "model", "llama", seed=1), device="cpu")


def ids_of(count: int) -> list[int]:
    ids: list[int] = random_ids(3, 1, count)[0].tolist()
    return ids


def keys(memory: Memory) -> torch.Tensor:
    layer = memory.layers[-1]
    last: torch.Tensor = layer.keys[:, :, : layer.length]
    return last


def by_windows(*args: Any, **options: Any) -> Iterator[Progress]:
    """Reading a model that others want too."""
    return condense(*args, **options, busy=lambda: True)


def test_a_busy_model_yields_once_a_window_and_ends_with_the_whole_text(model: Any) -> None:
    seen: list[Progress] = []
    steps = list(by_windows(model, ids_of(70), on_progress=seen.append))
    assert [p.tokens for p in steps] == [16, 32, 48, 64, 70]
    assert [p.windows for p in steps] == [1, 2, 3, 4, 4]
    assert {p.total_windows for p in steps} == {4}
    assert steps[-1].kept == 4 * WINDOW // 4 + 6 + 1
    assert steps[-1].nbytes == steps[-1].kept * model.bytes_per_key
    assert seen == steps


def test_a_pass_reads_many_windows_unless_the_model_is_busy(model: Any) -> None:
    ids, wanted = ids_of(2200), iter([False, True, True, False, False])
    steps = list(condense(model, ids, busy=lambda: next(wanted)))
    assert [p.tokens for p in steps] == [1024, 1040, 1056, 2080, 2200]
    assert [p.windows for p in steps] == [64, 65, 66, 130, 137]
    *_, last = by_windows(model, ids)
    assert torch.allclose(keys(steps[-1].memory), keys(last.memory), atol=1e-5)
    # What finishes an open window goes by itself.
    memory = model.new_memory()
    model(input_ids=torch.tensor([ids[:5]]), past_key_values=memory)
    assert [p.tokens for p in condense(model, ids[5:], memory=memory)] == [11, 1035, 2059, 2195]


def test_reading_window_by_window_equals_one_call(model: Any) -> None:
    ids = ids_of(70)
    *_, last = by_windows(model, ids)
    whole = model.new_memory()
    model(input_ids=torch.tensor([ids]), past_key_values=whole)
    assert torch.allclose(keys(last.memory), keys(whole), atol=1e-5)


def test_a_stopped_reading_keeps_what_it_read_and_can_go_on(model: Any) -> None:
    ids, seen = ids_of(70), []
    stopped = None
    for stopped in by_windows(model, ids, should_stop=lambda: len(seen) == 2):
        seen.append(stopped)
    assert stopped is not None
    memory = stopped.memory
    assert (memory.tokens, memory.windows) == (32, 2)
    *_, last = condense(model, ids[32:], memory=memory)
    *_, unbroken = condense(model, ids)
    assert torch.allclose(keys(last.memory), keys(unbroken.memory), atol=1e-5)


def test_asking_while_reading_does_not_disturb_the_reading(model: Any) -> None:
    ids = ids_of(70)
    for progress in by_windows(model, ids):
        model(input_ids=random_ids(7, 1, 9), past_key_values=progress.memory.fork())
    *_, alone = condense(model, ids)
    assert torch.allclose(keys(progress.memory), keys(alone.memory), atol=1e-5)


_READ_AND_DIE = """
import os, signal, sys
from pathlib import Path
from beacon_qa.beacon import condense, load_model
model = load_model(sys.argv[1], device="cpu")
ids = [int(i) for i in sys.argv[3].split()]
settings = {"checkpoint": Path(sys.argv[2]), "save_every": 0.0, "busy": lambda: True}
for progress in condense(model, ids, **settings):
    if progress.windows == 3:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_reading_goes_on_from_its_last_checkpoint(model: Any, tmp_path: Path) -> None:
    ids, checkpoint = ids_of(70), tmp_path / "half.memory"
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            _READ_AND_DIE,
            model.identity.name,
            checkpoint,
            " ".join(map(str, ids)),
        ],
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert read_header(checkpoint)["clock"]["tokens"] == 32
    steps = list(by_windows(model, ids, checkpoint=checkpoint))
    assert [p.tokens for p in steps] == [48, 64, 70]
    assert {p.resumed for p in steps} == {32}
    *_, unbroken = condense(model, ids)
    assert torch.allclose(keys(steps[-1].memory), keys(unbroken.memory), atol=1e-5)


def test_saves_come_early_then_seldom_and_never_take_much_of_the_time() -> None:
    pauses = [1.0]
    while len(pauses) < 7:
        pauses.append(next_pause(pauses[-1], 0.01, 30.0))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert next_pause(2.0, 1.0, 30.0) == 20
    assert next_pause(30.0, 5.0, 30.0) == 100
    assert next_pause(30.0, 60.0, 30.0) == 300
    assert next_pause(0.0, 5.0, 0.0) == 0


@pytest.mark.parametrize("spoilt", ["another text", "damaged"])
def test_a_checkpoint_that_does_not_fit_is_not_used(
    model: Any, tmp_path: Path, spoilt: str
) -> None:
    checkpoint = tmp_path / "half.memory"
    list(condense(model, ids_of(40), checkpoint=checkpoint))
    if spoilt == "damaged":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-20])
        ids = ids_of(40)
    else:
        ids = [1, *ids_of(40)[1:]]
    assert next(by_windows(model, ids, checkpoint=checkpoint)).tokens == WINDOW


def test_ids_the_model_does_not_know_are_refused(model: Any) -> None:
    with pytest.raises(ModelError, match="vocabulary of 61"):
        next(condense(model, [5, 61]))


@pytest.mark.parametrize(
    ("tokens", "budget", "ratio"),
    [
        (1_000, None, 2),
        (60_000, None, 2),
        (64_000, None, 4),
        (247_000, None, 8),
        (493_000, None, 16),
        (60_000, 600_000_000, 8),
    ],
)
def test_auto_takes_the_smallest_ratio_that_fits(
    tokens: int, budget: int | None, ratio: int
) -> None:
    """Qwen2-7B: 32,768 positions, window 2048, 56 KiB a key; limits from the paper's formula."""
    assert ratio == choose_ratio(
        tokens,
        ratios=(2, 4, 8, 16, 32),
        window=2048,
        positions=32_768,
        bytes_per_key=57_344,
        memory_budget=budget,
        reserve=0,
    )


def test_a_text_too_long_for_every_ratio_is_refused() -> None:
    with pytest.raises(ConfigError, match="even at ratio 8"):
        choose_ratio(10**6, ratios=(2, 8), window=2048, positions=32_768, bytes_per_key=1)


def test_reading_without_logits_leaves_the_same_memory(model: Any) -> None:
    ids = torch.tensor([ids_of(70)])
    only, whole = model.new_memory(), model.new_memory()
    assert model(input_ids=ids, past_key_values=only, only_read=True).logits is None
    assert model(input_ids=ids, past_key_values=whole, logits_to_keep=0).logits.shape[1] == 70
    for first, second in zip(only.layers, whole.layers, strict=True):
        assert torch.equal(first.keys[:, :, : only.kept], second.keys[:, :, : whole.kept])
        assert torch.equal(first.values[:, :, : only.kept], second.values[:, :, : whole.kept])
