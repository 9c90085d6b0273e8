"""The summary panel: where its parts stand. What it does: `summary_events`."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from beacon_qa.prompts import LENGTHS

EMPTY = "*Choose a book on the shelf to have it summarized.*"
"""What stands in the place of a summary while no book is on show."""


@dataclass(frozen=True)
class SummaryPanel:
    """The components of the panel; `text` is the summary as it was told, `title` its book."""

    length: gr.Radio
    scope: gr.Radio
    start: gr.Button
    stop: gr.Button
    note: gr.Markdown
    shown: gr.Markdown
    text: gr.State
    title: gr.State
    save: gr.Button
    download: gr.DownloadButton


def build() -> SummaryPanel:
    """Lay the panel out."""
    with gr.Row(elem_id="summary-choices"):
        length = gr.Radio(
            [(name.capitalize(), name) for name in LENGTHS],
            value="medium",
            label="Length",
            min_width=160,
            elem_id="summary-length",
        )
        scope = gr.Radio(
            [("Whole book", "whole"), ("Each chapter", "chapters")],
            value="whole",
            label="Summary of",
            min_width=160,
            elem_id="summary-scope",
        )
    start, stop, save = _buttons()
    note = gr.Markdown(elem_id="summary-note", latex_delimiters=[])
    shown = gr.Markdown(
        EMPTY, sanitize_html=True, latex_delimiters=[], buttons=["copy"], elem_id="summary-text"
    )
    download = gr.DownloadButton("Download", visible="hidden", elem_id="summary-file")
    return SummaryPanel(
        length, scope, start, stop, note, shown, gr.State(""), gr.State(""), save, download
    )


def _buttons() -> tuple[gr.Button, gr.Button, gr.Button]:
    """Start, stop and save."""
    with gr.Row(elem_id="summary-buttons"):
        start = gr.Button(
            "Summarize", variant="primary", interactive=False, min_width=100, elem_id="summarize"
        )
        stop = gr.Button("Stop", visible=False, min_width=100, elem_id="summary-stop")
        save = gr.Button(
            "Download Markdown", interactive=False, min_width=100, elem_id="summary-save"
        )
    return start, stop, save
