"""What runs on a GPU runs as on a CPU; left out where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import make_checkpoint, random_ids

from beacon_qa.beacon import Sampling, condense, decode, load_model, open_memory, save_memory
from beacon_qa.beacon.parallel import loss_abreast
from beacon_qa.training.pointing import Pointing

DEVICE = "cuda:0"

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def on(device: str, folder: Path, **settings: Any) -> Any:
    return load_model(make_checkpoint(folder / "model", "qwen2"), device=device, **settings)


@pytest.mark.parametrize("ratio", [0, 2, 4])
def test_logits_are_those_of_a_cpu(tmp_path: Path, ratio: int) -> None:
    ids, found = random_ids(3, 2, 45), []
    for device in ("cpu", DEVICE):
        model = on(device, tmp_path, dtype=torch.float32)
        memory = model.new_memory(ratio)
        with torch.no_grad():
            out = model(input_ids=ids.to(device), past_key_values=memory, logits_to_keep=0)
        found.append(out.logits.cpu())
    torch.testing.assert_close(found[1], found[0], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantized_base_reads_answers_and_keeps(tmp_path: Path, bits: int) -> None:
    # Quantized weights come in blocks of 64.
    folder = make_checkpoint(tmp_path / "model", "qwen2", hidden_size=64, intermediate_size=128)
    model = load_model(folder, device=DEVICE, bits=bits)
    memory = model.new_memory(4)
    for _ in condense(model, random_ids(3, 1, 45)[0], memory=memory):
        pass
    kept = tmp_path / "book.memory"
    save_memory(memory, kept)
    question, sampling = random_ids(4, 1, 5)[0], Sampling(max_new_tokens=4)
    answers = [
        list(decode(model, one, question, sampling)) for one in (memory, open_memory(kept, model))
    ]
    assert answers[0] == answers[1]
    assert "4bit" in type(model.model.layers[0].self_attn.q_proj).__name__ or bits == 8


def test_windows_in_one_pass_have_the_gradients_of_window_by_window(tmp_path: Path) -> None:
    model, ids = on(DEVICE, tmp_path, dtype=torch.float32).train(), random_ids(3, 4, 45).to(DEVICE)
    gradients = []
    for abreast in (False, True):
        model.zero_grad()
        with torch.autocast("cuda", torch.bfloat16):
            if abreast:
                loss = loss_abreast(model, ids, (4,))
            else:
                memory = model.new_memory((4,))
                loss = model(input_ids=ids, past_key_values=memory, labels=ids).loss
        loss.backward()
        found = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        gradients.append(torch.cat(found))
    assert float(torch.cosine_similarity(*gradients, dim=0)) > 0.99


def test_questions_are_taught_to_point_as_on_a_cpu(tmp_path: Path) -> None:
    ids, lessons = random_ids(3, 2, 45), []
    points = [np.array([[34, 40, 3, 9]]), np.array([[33, 38, 10, 14]])]
    for device in ("cpu", DEVICE):
        model = on(device, tmp_path, dtype=torch.float32).train()
        memory = model.new_memory((4,))
        memory.watch = pointing = Pointing(((0, 1), (1, 0)), memory, points)
        model(input_ids=ids.to(device), past_key_values=memory, labels=ids.to(device))
        lesson = pointing.lesson()
        assert lesson is not None
        lessons.append(float(lesson.detach()))
    assert lessons[1] == pytest.approx(lessons[0], rel=1e-3)
