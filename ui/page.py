"""The page's layout: three columns, shelf, talk and evidence, and nothing of what they do."""

from __future__ import annotations

import gradio as gr

from ui import (
    conversation_panel,
    conversation_wiring,
    evidence_panel,
    settings_events,
    settings_panel,
    shelf_events,
    shelf_panel,
    summary_events,
    summary_panel,
)
from ui.closed_page import ClosedPage
from ui.library import Library
from ui.read_endpoint import publish_read
from ui.states import States

_KEPT_SECONDS = 3600
"""How long a temporary file of the page is kept at most."""


def build_page(library: Library) -> gr.Blocks:
    """The whole page for the books of a library, to be launched by `ui.start`."""
    page: gr.Blocks
    with ClosedPage(
        title="Beacon QA",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(_KEPT_SECONDS, _KEPT_SECONDS),
    ) as page:
        states = States.build()
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="shelf-column", min_width=0):
                shelf = shelf_panel.build(library)
            with gr.Column(elem_id="talk-column", min_width=0), gr.Tabs(elem_id="tabs"):
                with gr.Tab("Conversation", id="conversation"):
                    conversation = conversation_panel.build()
                with gr.Tab("Summary", id="summary"):
                    summary = summary_panel.build()
                with gr.Tab("Settings", id="settings") as tab:
                    settings = settings_panel.build(library)
            with gr.Column(elem_id="evidence-column", min_width=0):
                evidence = evidence_panel.build()
        shelf_events.wire(library, states, shelf, page)
        conversation_wiring.wire(library, states, conversation, page)
        summary_events.wire(library, states, summary)
        settings_events.wire(library, states, settings, tab, page)
        evidence_panel.wire(library, states, evidence)
        publish_read(library)
    return page
