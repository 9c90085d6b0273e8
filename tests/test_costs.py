"""What reading costs, against figures that are known."""

from __future__ import annotations

import pytest

from beacon_qa.machine.costs import Shape, kept_keys

QWEN2_7B = Shape(28, 3584, 18944, 28, 4, 128, 152064, 2048, 32768)


def test_a_key_of_a_7b_model_takes_56_kib() -> None:
    assert QWEN2_7B.bytes_per_key() == 56 * 1024


def test_the_weights_of_a_7b_model_are_known() -> None:
    assert QWEN2_7B.weights == pytest.approx(7.62e9, rel=0.01)
    assert QWEN2_7B.beacons == pytest.approx(0.46e9, rel=0.01)


def full_attention(shape: Shape, tokens: int) -> float:
    linear = 2 * (shape.weights - 2 * shape.vocabulary * shape.hidden) * tokens
    return linear + 2 * shape.layers * shape.heads * shape.head_dim * tokens**2


@pytest.mark.parametrize(
    ("tokens", "ratio", "saving"),
    [(128 * 1024, 4, 1.57), (128 * 1024, 16, 2.45), (400 * 1024, 8, 3.57), (1 << 20, 32, 10.8)],
)
def test_long_texts_are_read_with_fewer_operations(tokens: int, ratio: int, saving: float) -> None:
    full = full_attention(QWEN2_7B, tokens)
    assert full / QWEN2_7B.read_operations(tokens, ratio) == pytest.approx(saving, rel=0.03)


@pytest.mark.parametrize(
    ("tokens", "schedule", "kept"),
    [(0, (4,), 10), (7, (4,), 10), (16, (4,), 14), (16, (2, 8), 17), (16, (0,), 24)],
)
def test_keys_kept_are_those_of_the_windows_and_an_open_one(
    tokens: int, schedule: tuple[int, ...], kept: int
) -> None:
    assert kept_keys(tokens, schedule, 8) == kept


def test_the_ratio_a_length_needs_follows_the_positions() -> None:
    assert QWEN2_7B.smallest_ratio(200_000, (2, 4, 8, 16)) == 8
    assert QWEN2_7B.smallest_ratio(400_000, (2, 4, 8, 16)) == 16
    assert QWEN2_7B.smallest_ratio(4_000_000, (2, 4, 8, 16)) is None
