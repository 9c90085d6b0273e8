"""The built-in model's initial weights: it copies before it has learnt anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from beacon_qa.beacon import load_tokenizer
from beacon_qa.training import builtin
from beacon_qa.training.builtin import WINDOW, new_builtin
from beacon_qa.training.vocabulary import DOC

VOCABULARY = Path(__file__).parents[2] / "beacon_qa" / "builtin" / "weights"
RUN = WINDOW


@pytest.fixture(scope="module")
def copying() -> Any:
    """A new built-in model."""
    return new_builtin(load_tokenizer(VOCABULARY)).eval()


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same shape with ordinary random weights."""
    monkeypatch.setattr(builtin, "write_copying_heads", lambda model, seed: None)
    return new_builtin(load_tokenizer(VOCABULARY)).eval()


def random_tokens(seed: int, count: int) -> Tensor:
    """Two rows of ids (2, count), none of them special."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(DOC + 1, 4096, (2, count), generator=draw)


@torch.no_grad()
def copied_plainly(model: Any) -> float:
    """The share of a repeated run's tokens that the plain model foretells."""
    run = random_tokens(1, 60)
    logits = model(input_ids=torch.cat([run, run], dim=1)).logits
    return share(logits[:, 60:-1], run)


@torch.no_grad()
def copied_from_memory(model: Any, ratio: int, *, told: bool = True) -> float:
    """The same, the run a window of its own, condensed, with four windows between."""
    run, other = random_tokens(2, RUN), random_tokens(3, RUN)
    between = random_tokens(4, 4 * WINDOW)
    ids = torch.cat([run if told else other, between, run], dim=1)
    out = model(input_ids=ids, past_key_values=model.new_memory(ratio), logits_to_keep=RUN)
    return share(out.logits[:, :-1], run)


def share(logits: Tensor, run: Tensor) -> float:
    # Two tokens tell where in the run one is; the first of them cannot be known.
    return float((logits.argmax(-1) == run[:, 1:])[:, 2:].float().mean())


def test_a_new_model_copies_a_run_it_has_just_read(copying: Any) -> None:
    assert copied_plainly(copying) > 0.9


@pytest.mark.parametrize(("ratio", "least"), [(2, 0.4), (4, 0.25)])
def test_a_new_model_copies_a_run_from_memory(copying: Any, ratio: int, least: float) -> None:
    assert copied_from_memory(copying, ratio) > least


def test_a_run_that_memory_does_not_hold_is_not_copied(copying: Any) -> None:
    assert copied_from_memory(copying, 2, told=False) < 0.02


def test_ordinary_weights_copy_nothing(ordinary: Any) -> None:
    assert copied_plainly(ordinary) < 0.02
    assert copied_from_memory(ordinary, 2) < 0.02


def test_a_new_model_is_the_same_each_time(copying: Any) -> None:
    again = new_builtin(load_tokenizer(VOCABULARY)).state_dict()
    assert all(torch.equal(tensor, again[key]) for key, tensor in copying.state_dict().items())
