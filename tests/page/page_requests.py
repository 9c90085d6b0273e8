"""What gradio hands to the handlers of the page: who asks, and what was clicked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr


def request(user: str | None = None) -> gr.Request:
    return gr.Request(username=user)


def event(**data: Any) -> Any:
    """What gradio hands to a handler of a click."""
    return SimpleNamespace(**data)


def click(**data: Any) -> Any:
    return SimpleNamespace(_data=data)
