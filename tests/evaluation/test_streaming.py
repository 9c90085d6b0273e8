"""Sliding-window attention with sinks, held to a slow version in which nothing is clever."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from reference import Reference
from tiny_models import make_checkpoint, random_ids
from torch.nn.functional import cross_entropy

from beacon_qa.beacon import load_model
from beacon_qa.evaluation.streaming import sliding_loss

WINDOW, SINKS, TOKENS, COUNTED = 8, 3, 45, 21


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("streaming"), "qwen2")


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return load_model(folder, device="cpu", dtype=torch.float32)


def token_by_token(
    folder: Path, ids: list[int], counted: int, *, window: int, sinks: int, chunk: int
) -> float:
    """Every key of the text is kept, unrotated; each token picks and seats those it sees.

    Seats are given out at the beginning of a chunk: the sinks, then the window before it.
    """
    decoder = Reference(folder).decoder
    keys, values = decoder.nothing(1), decoder.nothing(1)
    losses = []
    for place, token in enumerate(ids):
        start = place - place % chunk
        kept = [j for j in range(start) if j < sinks or start - j <= window]
        entries = [*kept, *range(start, place)]
        seats = torch.arange(len(entries) + 1).double()
        seen = torch.tensor([[j < sinks or place - j < window for j in [*entries, place]]])
        logits, now_keys, now_values = decoder(
            torch.tensor([[token]]),
            [layer[:, :, entries] for layer in keys],
            [layer[:, :, entries] for layer in values],
            torch.tensor([False]),
            seats,
            seen,
        )
        keys = [torch.cat([a, b[:, :, -1:]], 2) for a, b in zip(keys, now_keys, strict=True)]
        values = [torch.cat([a, b[:, :, -1:]], 2) for a, b in zip(values, now_values, strict=True)]
        if place + 1 < len(ids):
            losses.append(float(cross_entropy(logits[0], torch.tensor(ids[place + 1 : place + 2]))))
    return math.fsum(losses[-counted:]) / counted


@pytest.mark.parametrize("chunk", [1, 5, 8])
def test_the_window_with_sinks_is_the_slow_one(folder: Path, model: Any, chunk: int) -> None:
    ids = random_ids(3, 1, TOKENS)[0].tolist()
    settings = {"window": WINDOW, "sinks": SINKS, "chunk": chunk}
    expected = token_by_token(folder, ids, COUNTED, **settings)
    assert sliding_loss(model, ids, COUNTED, **settings) == pytest.approx(expected, abs=2e-5)


def test_other_sinks_and_other_windows_are_other_losses(folder: Path, model: Any) -> None:
    ids = random_ids(3, 1, TOKENS)[0].tolist()
    expected = token_by_token(folder, ids, COUNTED, window=WINDOW, sinks=SINKS, chunk=5)
    for window, sinks in ((WINDOW + 1, SINKS), (WINDOW, SINKS + 1), (WINDOW, 0)):
        found = sliding_loss(model, ids, COUNTED, window=window, sinks=sinks, chunk=5)
        assert abs(found - expected) > 1e-3


def test_a_window_as_long_as_the_text_is_full_attention(model: Any) -> None:
    ids = random_ids(4, 1, TOKENS)
    labels = ids.clone()
    labels[:, :-COUNTED] = -100
    with torch.no_grad():
        full = float(model(input_ids=ids, labels=labels).loss)
    found = sliding_loss(model, ids[0].tolist(), COUNTED, window=TOKENS, chunk=7)
    assert found == pytest.approx(full, abs=1e-5)
