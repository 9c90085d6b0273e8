"""A model with beacons is the plain model wherever no beacon takes part, or where it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import LOGITS, assert_prompt_logits, difference, open_case, without_beacons
from random_cases import read
from reference import Reference
from tiny_models import ARCHITECTURES, make_checkpoint, random_ids

from beacon_qa.beacon import load_model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_without_a_memory_it_is_the_plain_model_bit_for_bit(
    architecture: str, tmp_path: Path
) -> None:
    make_checkpoint(tmp_path, architecture)
    ids, (_, stock) = random_ids(8, 2, 60), ARCHITECTURES[architecture]
    model = load_model(tmp_path, device="cpu", dtype=torch.float32)
    plain = stock.from_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(model(input_ids=ids).logits, plain(input_ids=ids).logits)
    options = {"max_new_tokens": 20, "do_sample": False}
    assert torch.equal(model.generate(ids, **options), plain.generate(ids, **options))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_new_beacons_start_as_copies_of_the_model_s_own(architecture: str, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"beacon_param": ["q", "k", "v", "o"], "beacon_embed_init": "bos"}
    folder = make_checkpoint(tmp_path / "whole", architecture, **fields)
    plain = tmp_path / "plain"
    plain.mkdir()
    without_beacons(folder, plain)
    model = load_model(plain, device="cpu", dtype=torch.float32, start_beacons=True)
    reference, ids = Reference(plain, start_beacons=True), random_ids(1, 1, 50)
    expected = reference.feed(reference.new_state(), ids)
    assert difference(read(model, model.new_memory(), ids), expected) <= LOGITS


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_reference_is_the_library_s_model_at_ratio_zero(
    architecture: str, tmp_path: Path
) -> None:
    """So the witness itself is right about Qwen3, of which nothing was recorded."""
    make_checkpoint(tmp_path, architecture, tie_word_embeddings=True, beacon_ratio=[0])
    ids, (_, stock) = random_ids(7, 2, 60), ARCHITECTURES[architecture]
    plain, found = stock.from_pretrained(tmp_path, output_loading_info=True)
    assert all("beacon" in name for name in found["unexpected_keys"])
    reference = Reference(tmp_path)
    with torch.no_grad():
        expected = plain(input_ids=ids).logits
    assert difference(reference.feed(reference.new_state(2), ids), expected) <= LOGITS


def test_without_a_memory_it_is_the_recorded_model_at_ratio_zero() -> None:
    case = open_case("qwen2-ratio0")
    model = load_model(case.checkpoint, device="cpu", dtype=torch.float32)
    with torch.no_grad():
        assert_prompt_logits(case, model(input_ids=case.ids).logits)
