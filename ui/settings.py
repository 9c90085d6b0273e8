"""How answers are told, from the settings a browser holds.

Knows the settings' names and bounds; a value that is missing or no number is the one to begin with.
"""

from __future__ import annotations

from typing import Any, get_args

from beacon_qa.beacon import Sampling
from beacon_qa.evidence.looking import LookBack, check_look_back
from ui.states import LOOK_BACK, SETTINGS

_MOST_TOKENS = 4096
_HOTTEST = 2.0


def sampling(settings: Any) -> Sampling:
    """The answer length and temperature that are set."""
    length = int(_number(settings, "max_new_tokens"))
    return Sampling(
        max_new_tokens=min(max(length, 1), _MOST_TOKENS), temperature=temperature(settings)
    )


def temperature(settings: Any) -> float:
    """The temperature that is set."""
    return min(max(_number(settings, "temperature"), 0.0), _HOTTEST)


def look_back(settings: Any) -> LookBack:
    """Whether answers read passages of the text again."""
    value = settings.get("look_back") if isinstance(settings, dict) else None
    return check_look_back(str(value) if is_look_back(value) else LOOK_BACK)


def is_look_back(value: Any) -> bool:
    """Whether a value from a browser is a way of looking back."""
    return value in get_args(LookBack)


def _number(settings: Any, name: str) -> float:
    value = settings.get(name) if isinstance(settings, dict) else None
    known = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return float(value if known and value is not None else SETTINGS[name])  # type: ignore[arg-type]
