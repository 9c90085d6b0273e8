"""The type a model runs in when nobody names one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_models import make_checkpoint
from transformers import AutoConfig

from beacon_qa.beacon import load_model, precision
from beacon_qa.beacon.precision import fastest_dtype, multiplies_bfloat16


def able(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: capabilities)


@pytest.mark.parametrize("instructions", ["amx_bf16", "avx512_bf16"])
def test_weights_stored_in_bfloat16_run_so_where_the_processor_multiplies_it(
    instructions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    able(monkeypatch, **{instructions: True})
    assert fastest_dtype("cpu", torch.bfloat16) == torch.bfloat16
    assert fastest_dtype("cpu", torch.float32) == torch.float32
    assert fastest_dtype("cpu", None) == torch.float32


def test_other_processors_run_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    able(monkeypatch, avx2=True, amx_bf16=False)
    assert fastest_dtype("cpu", torch.bfloat16) == torch.float32
    assert fastest_dtype("cuda:0", torch.float32) == torch.bfloat16


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
def test_a_loaded_model_has_that_type_and_its_memories_say_so(
    stored: torch.dtype, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path, "qwen2")
    config = AutoConfig.from_pretrained(folder)
    config.dtype = stored
    config.save_pretrained(folder)
    model = load_model(folder, device="cpu")
    native = stored == torch.bfloat16 and multiplies_bfloat16()
    expected = torch.bfloat16 if native else torch.float32
    assert model.lm_head.weight.dtype == expected
    assert model.identity.dtype == str(expected).removeprefix("torch.")
