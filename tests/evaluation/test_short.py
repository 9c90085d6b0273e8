"""Short texts: with beacons attached nothing changes, and it would be seen if it did."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from beacon_qa.beacon.stock import load_stock
from beacon_qa.engine import Engine
from beacon_qa.evaluation.outcome import Wanted
from beacon_qa.evaluation.short import compare, told


@pytest.fixture
def wanted(engine: Engine) -> Wanted:
    return Wanted(engine, (2, 4))


@pytest.fixture
def stock(engine: Engine) -> Any:
    return load_stock(engine.model)


def test_the_stock_model_has_no_beacons(stock: Any) -> None:
    assert type(stock).__name__ == "Qwen2ForCausalLM"
    assert not any("beacon" in name for name in stock.state_dict())


def test_attached_beacons_change_no_bit_and_a_memory_does(wanted: Wanted, stock: Any) -> None:
    found = compare(wanted, stock, 3)
    assert found.equal_logits == found.equal_answers == [True] * 3
    assert found.losses["without"] == found.losses["attached"]
    assert found.right["without"] == found.right["attached"]
    assert found.losses["memory, ratio 2"] != found.losses["without"]
    text = told(found, wanted.engine).text
    assert "bit for bit with beacons attached: 3 of 3" in text
    assert "| memory, ratio 4 |" in text


def test_a_model_that_differs_is_seen(wanted: Wanted, stock: Any) -> None:
    with torch.no_grad():
        stock.lm_head.weight[7] += 1e-3
    found = compare(wanted, stock, 2)
    assert found.equal_logits == [False, False]
    assert "0 of 2 texts" in told(found, wanted.engine).headlines[0]
