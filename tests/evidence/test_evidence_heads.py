"""The heads whose attention is evidence, and the contrast it needs, as a checkpoint names them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_models import make_checkpoint

from beacon_qa.beacon import load_model
from beacon_qa.beacon.heads import CONTRAST, evidence_contrast, evidence_heads, evidence_narrow
from beacon_qa.book import Book
from beacon_qa.errors import ConfigError


def test_a_head_of_the_last_layer_sees_where_a_question_falls(tiny_book: Book) -> None:
    """The pass that only looks computes no more than it must, but that."""
    last = tiny_book.engine.model.config.num_hidden_layers - 1
    assert {layer for layer, _ in tiny_book.engine.model.evidence_heads} == {last}
    assert tiny_book.find("Who tells of whale 70?").passages


def config(**fields: Any) -> Any:
    shape = {"num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 2}
    return SimpleNamespace(**shape, **fields)


def test_heads_named_by_a_checkpoint_are_taken_and_others_are_from_its_middle() -> None:
    assert evidence_heads(config(beacon_evidence_heads=[[5, 7], [0, 0]])) == ((5, 7), (0, 0))
    assert evidence_heads(config()) == ((3, 0), (3, 4), (4, 0), (4, 4))
    assert evidence_contrast(config(beacon_evidence_contrast=3)) == 3.0
    assert evidence_contrast(config()) == CONTRAST


@pytest.mark.parametrize("pair", [[6, 0], [0, 8], [-1, 0], [1], "ab", 3, [0, "1"], [0.5, 1]])
def test_heads_that_a_model_has_not_are_refused(pair: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"beacon_evidence_heads names .*; each is a layer below 6"
    ):
        evidence_heads(config(beacon_evidence_heads=[[0, 0], pair]))


@pytest.mark.parametrize("value", [-1, "12", None, float("nan"), True])
def test_a_contrast_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="beacon_evidence_contrast is"):
        evidence_contrast(config(beacon_evidence_contrast=value))


def test_a_memory_is_narrowed_only_where_the_checkpoint_says_so() -> None:
    assert evidence_narrow(config(beacon_evidence_narrow=True)) is True
    assert evidence_narrow(config()) is False


@pytest.mark.parametrize("value", [1, "true", None])
def test_narrowing_is_said_by_true_or_false(value: Any) -> None:
    with pytest.raises(ConfigError, match="beacon_evidence_narrow is"):
        evidence_narrow(config(beacon_evidence_narrow=value))


@pytest.mark.parametrize("heads", [7, "x", {}, []])
def test_heads_that_are_no_list_are_refused(heads: Any) -> None:
    with pytest.raises(ConfigError, match="beacon_evidence_heads"):
        evidence_heads(config(beacon_evidence_heads=heads))


def test_a_checkpoint_with_wrong_heads_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", "qwen2", beacon_evidence_heads=[[9, 0]])
    with pytest.raises(ConfigError, match="beacon_evidence_heads names"):
        load_model(folder, device="cpu")
