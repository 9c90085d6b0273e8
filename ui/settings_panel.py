"""The settings panel: what stands where. What it does is in `settings_events`."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from beacon_qa.engine import Engine
from ui.library import Library
from ui.settings_html import model_html
from ui.states import LOOK_BACK, MAX_NEW_TOKENS, RATIO, TEMPERATURE

_PAGES = 400
"""The size of the book whose cost is shown first."""

_WAIT = '<p class="quiet">Measured when this tab is opened, which takes a few seconds.</p>'


@dataclass(frozen=True)
class SettingsPanel:
    """The components of the panel."""

    length: gr.Slider
    temperature: gr.Slider
    look_back: gr.Radio
    ratio: gr.Radio
    pages: gr.Slider
    costs: gr.HTML
    machine: gr.HTML


def build(library: Library) -> SettingsPanel:
    """Lay the panel out."""
    engine = library.engine
    gr.HTML('<h2 class="section">Answers</h2>')
    length = gr.Slider(
        # From 1 on: who types 64 says 6 first, which must be no error.
        1, 1024, MAX_NEW_TOKENS, step=1, label="Longest answer",
        info="In tokens; a token is about three quarters of a word.", elem_id="answer-length",
    )  # fmt: skip
    temperature = gr.Slider(
        0, 1.5, TEMPERATURE, step=0.1, label="Temperature",
        info="0 always takes the likeliest word, and answers the same again; higher is freer.",
        elem_id="temperature",
    )  # fmt: skip
    look_back = gr.Radio(
        [("automatic", "auto"), ("always", "on"), ("never", "off"), ("only in memory", "narrow")],
        value=LOOK_BACK, label="Look back at the text",
        info="Passages that the question finds are read again, word for word, before answering; "
        "automatic does so where they stand out. It gives exact words, and takes more time. "
        "“Only in memory” finds the place, and answers from what is kept of it in memory.",
        elem_id="look-back",
    )  # fmt: skip
    gr.HTML('<h2 class="section">Reading</h2>')
    ratio = gr.Radio(
        _ratios(engine), value=RATIO, label="Condensing ratio of the next book",
        info="So many tokens become one in memory. A higher ratio takes less memory and loses more "
        "exact words; automatic takes the smallest with which the book fits.",
        elem_id="ratio",
    )  # fmt: skip
    pages = gr.Slider(
        10, 2000, _PAGES, step=10, label="What it costs for a book of so many pages",
        elem_id="cost-pages",
    )  # fmt: skip
    costs = gr.HTML(_WAIT, elem_id="costs", apply_default_css=False)
    gr.HTML(f'<h2 class="section">Model</h2>{model_html(engine)}')
    gr.HTML('<h2 class="section">This machine</h2>')
    machine = gr.HTML(_WAIT, elem_id="machine", apply_default_css=False)
    return SettingsPanel(length, temperature, look_back, ratio, pages, costs, machine)


def _ratios(engine: Engine) -> list[tuple[str, str | int]]:
    fitting = (r for r in engine.model.beacon.ratios if r and engine.window % r == 0)
    return [("automatic", "auto"), *((str(ratio), ratio) for ratio in sorted(fitting))]
