"""Training beside a base of 16 bits: small steps add up, and gradients point the same way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from small_runs import PLAN, different
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import load_model
from beacon_qa.training.beacons import float_beacons
from beacon_qa.training.trainer import choose_parameters, train


def in_bfloat16(folder: Path) -> Any:
    return load_model(folder, device="cpu", dtype=torch.bfloat16)


def moved(model: Any, tmp_path: Path) -> float:
    """The part of a projection's weights that a run of very small steps has moved."""
    own = model.model.layers[0].self_attn.beacon_v_proj.weight
    before = own.detach().clone()
    train(model, different, replace(PLAN, learning_rate=1e-6), tmp_path)
    return float((own != before).float().mean())


def test_steps_too_small_for_sixteen_bits_are_kept(tiny_checkpoint: Path, tmp_path: Path) -> None:
    model = in_bfloat16(tiny_checkpoint)
    float_beacons(model)
    assert moved(model, tmp_path / "kept") > 0.9
    assert moved(in_bfloat16(tiny_checkpoint), tmp_path / "lost") < 0.1


def test_gradients_in_sixteen_bits_point_as_those_in_float32(tmp_path: Path) -> None:
    folder, ids = make_checkpoint(tmp_path, "qwen2"), random_ids(8, 2, 16 * 4)
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        model = load_model(folder, device="cpu", dtype=dtype).train()
        float_beacons(model)
        trained = choose_parameters(model, train_base=False)
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
            loss = model(input_ids=ids, past_key_values=model.new_memory(), labels=ids).loss
        loss.backward()
        assert all(p.grad is None or p.grad.dtype is torch.float32 for p in trained.values())
        assert all(p.grad is None for n, p in model.named_parameters() if n not in trained)
        gradients = [p.grad.flatten() for p in trained.values() if p.grad is not None]
        found.append(torch.cat(gradients))
    assert torch.cosine_similarity(found[0], found[1], dim=0) > 0.99
