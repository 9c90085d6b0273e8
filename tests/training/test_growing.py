"""A grown model: larger, and the same in all it predicts, plain and through memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.beacon.parallel import loss_abreast
from beacon_qa.engine import BUILTIN
from beacon_qa.training.afterwards import AFTERWARDS, GROWN
from beacon_qa.training.builtin import new_builtin
from beacon_qa.training.growing import grown
from beacon_qa.training.runs_wide import LAYERS

IDS = torch.randint(10, 4000, (2, 700), generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def small(tiny_checkpoint: Path) -> Any:
    return load_model(tiny_checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture(scope="module")
def large(small: Any) -> Any:
    return grown(small, small.config.num_hidden_layers + 2)


def logits(model: Any, ratio: int | None) -> torch.Tensor:
    with torch.no_grad():
        if ratio is None:
            found: torch.Tensor = model(input_ids=IDS).logits
            return found
        memory = model.new_memory(ratio)
        found = model(input_ids=IDS, past_key_values=memory, logits_to_keep=0).logits
        return found


@pytest.mark.parametrize("ratio", [None, 0, 4, 16])
def test_it_predicts_the_same(small: Any, large: Any, ratio: int | None) -> None:
    torch.testing.assert_close(logits(large, ratio), logits(small, ratio), atol=2e-3, rtol=1e-3)


def test_it_is_larger(small: Any, large: Any) -> None:
    config = large.config
    assert config.hidden_size == 2 * small.config.hidden_size
    assert len(large.model.layers) == len(small.model.layers) + 2
    assert config.num_attention_heads == small.config.num_attention_heads


def test_its_halves_learn_different_things(large: Any) -> None:
    for parameter in large.parameters():
        parameter.requires_grad_(True)
    large.train()
    loss_abreast(large, IDS, (4,)).backward()
    large.eval()
    first, second = large.model.layers[1].mlp.down_proj.weight.grad.chunk(2)
    assert not torch.allclose(first, second, rtol=0.2, atol=0.1 * float(first.abs().mean()))


def test_the_recipe_grows_a_model_of_the_shape_that_is_shipped() -> None:
    model = grown(new_builtin(load_tokenizer(BUILTIN)), LAYERS)
    shipped = load_file(BUILTIN / "model.safetensors")
    assert {name: t.shape for name, t in model.state_dict().items()} == {
        name: t.shape for name, t in shipped.items()
    }
    assert GROWN in AFTERWARDS


def test_a_layer_that_writes_is_told_from_a_silent_one(small: Any) -> None:
    large = grown(small, small.config.num_hidden_layers + 1)
    with torch.no_grad():
        large.model.layers[-1].mlp.down_proj.weight.normal_(std=1.0)
    assert float((logits(large, 4) - logits(small, 4)).abs().max()) > 0.1
