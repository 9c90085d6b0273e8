"""Which ratio a text is read at when nobody says."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon_qa.beacon import load_model
from beacon_qa.beacon.windows import RESERVE
from beacon_qa.engine import Engine
from beacon_qa.errors import ConfigError
from beacon_qa.ratios import schedule_for

WINDOW = 32


def test_two_windows_stay_as_they_are_and_more_is_condensed(engine: Engine) -> None:
    assert engine.window == WINDOW
    assert schedule_for(engine.model, "auto", 2 * WINDOW) == (0,)
    assert schedule_for(engine.model, "auto", 2 * WINDOW + 1) == (2,)


def test_a_ratio_that_is_asked_for_is_taken_for_short_texts_too(engine: Engine) -> None:
    assert schedule_for(engine.model, 4, WINDOW) == (4,)
    assert schedule_for(engine.model, (2, 8), WINDOW) == (2, 8)


def test_a_short_text_is_condensed_where_it_has_no_room(engine: Engine) -> None:
    room = (2 * WINDOW - 1) * engine.model.bytes_per_key
    with pytest.raises(ConfigError, match="does not fit"):
        schedule_for(engine.model, "auto", 2 * WINDOW, room)
    assert schedule_for(engine.model, "auto", WINDOW, room) == (0,)


def test_a_short_text_leaves_room_for_a_question(tiny_checkpoint: Path) -> None:
    for positions, expected in ((2 * WINDOW + RESERVE, 0), (2 * WINDOW + RESERVE - 1, 2)):
        model = load_model(tiny_checkpoint, device="cpu", max_position_embeddings=positions)
        assert schedule_for(model, "auto", 2 * WINDOW) == (expected,)
