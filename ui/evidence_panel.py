"""The evidence panel: what an answer rests on, and below it the page that was opened.

Lays the panel out and connects its events; what they do is in `evidence_events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ui.evidence_events import Evidencing
from ui.evidence_html import empty_html
from ui.library import Library
from ui.states import States

_TICK = 1.0
"""Seconds between two looks at an answer that is being told."""

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_DRAWING: dict[str, Any] = {"concurrency_id": "pages", "concurrency_limit": 2}
"""Pages are drawn in processes of their own: not too many at a time."""


@dataclass(frozen=True)
class EvidencePanel:
    """The components of the panel."""

    evidence: gr.HTML
    page: gr.HTML
    timer: gr.Timer


def build() -> EvidencePanel:
    """Lay the panel out."""
    script = Path(__file__).with_name("evidence.js").read_text(encoding="utf-8")
    evidence = gr.HTML(empty_html(), js_on_load=script, apply_default_css=False, elem_id="evidence")
    page = gr.HTML("", js_on_load=script, apply_default_css=False, elem_id="page")
    return EvidencePanel(evidence, page, gr.Timer(_TICK, active=False))


def wire(library: Library, states: States, panel: EvidencePanel) -> None:
    """Connect the panel's events."""
    evidencing = Evidencing(library)
    place = [states.book, states.answer]
    shown = [panel.evidence, panel.timer]
    gr.on([states.book.change, states.answer.change], evidencing.show, place, shown, **_QUIET)
    panel.timer.tick(evidencing.look_again, place, shown, **_QUIET)
    for clicked in (panel.evidence, panel.page):
        clicked.click(evidencing.open, place, panel.page, **_QUIET, **_DRAWING)
    gr.on([states.book.change, states.conversation.change], lambda: "", None, panel.page, **_QUIET)
