"""The command that trains: beacons for a plain model, and the built-in model from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_runs import rows_of
from transformers import Qwen2ForCausalLM

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.cli import main
from beacon_qa.prompts import Prompts


def command(base: Path, text_file: Path, out: Path, steps: int, *more: str) -> int:
    words = ["--base", str(base), "--texts", str(text_file.parent), "--out", str(out)]
    return main(["train", *words, "--steps", str(steps), "--device", "cpu", *more])


def test_the_command_teaches_beacons_to_a_plain_model_and_carries_on(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    plain = Qwen2ForCausalLM.from_pretrained(tiny_checkpoint)
    for field in [key for key in vars(plain.config) if key.startswith("beacon_")]:
        delattr(plain.config, field)
    plain.save_pretrained(base)
    load_tokenizer(tiny_checkpoint).save_pretrained(base)
    assert command(base, text_file, out, 2, "--tokens", "96", "--window", "32") == 0
    assert command(base, text_file, out, 4, "--tokens", "96", "--window", "32") == 0
    told = capsys.readouterr().out
    assert f"4 of 4 steps done; the model is in {out}" in told
    assert "loss by ratio" in told
    assert [row["step"] for row in rows_of(out / "training")] == [0, 1, 2, 3]
    trained = load_model(out, device="cpu")
    assert trained.beacon.window == 32
    own = plain.state_dict()
    found = trained.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in own.items())
    layer = trained.model.layers[0].self_attn
    assert not torch.equal(layer.beacon_k_proj.weight, layer.k_proj.weight)
    assert Prompts(load_tokenizer(out)).plain


def test_rows_that_fill_no_window_are_refused(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tiny_checkpoint, text_file, tmp_path / "out", 2, "--tokens", "32") == 2
    assert "give --tokens 64 or more" in capsys.readouterr().err


def test_the_command_trains_a_builtin_model_from_scratch(
    text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--builtin", "--texts", str(text_file.parent), "--out", str(tmp_path / "out")]
    assert main(["train", *words, "--steps", "1", "--device", "cpu"]) == 0
    assert "1 of 1 steps done" in capsys.readouterr().out
    model = load_model(tmp_path / "out", device="cpu")
    assert model.beacon.window == 128
    assert (tmp_path / "out" / "training" / "packed" / "index.json").exists()
