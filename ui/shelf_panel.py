"""The shelf panel: where files are dropped and books are chosen. What it does: `shelf_events`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ui.following import Following
from ui.library import Library
from ui.look import FAVICON

_TICK = 1.0
"""Seconds between two looks at the desk."""


@dataclass(frozen=True)
class ShelfPanel:
    """The components of the panel.

    `opened` is the id of a job whose book is to be shown. `follow` is a Following of the files
    that were handed in; `shown` is a digest of the list as it stands in the browser.
    """

    upload: gr.File
    note: gr.HTML
    books: gr.HTML
    opened: gr.Textbox
    timer: gr.Timer
    follow: gr.State
    shown: gr.State


def build(library: Library) -> ShelfPanel:
    """Lay the panel out."""
    leave = '<a class="leave" href="logout">Log out</a>' if library.accounts else ""
    mark = FAVICON.read_text(encoding="utf-8").replace("<svg", '<svg aria-hidden="true"', 1)
    gr.HTML(f'<h1 class="brand">{mark}Beacon QA{leave}</h1><h2 class="only-heard">Shelf</h2>')
    upload = gr.File(
        label="Drop books here",
        show_label=False,
        file_count="multiple",
        height=96,
        elem_id="drop",
    )
    note = gr.HTML(elem_id="drop-note")
    script = Path(__file__).with_name("shelf.js").read_text(encoding="utf-8")
    books = gr.HTML(
        '<div class="shelf-list"><p class="shelf-loading">Looking at the shelf …</p></div>',
        js_on_load=script,
        apply_default_css=False,
        elem_id="shelf",
    )
    # Mounted, unlike an invisible one, so that its change is an event.
    opened = gr.Textbox(visible="hidden", label="opened")
    return ShelfPanel(
        upload, note, books, opened, gr.Timer(_TICK), gr.State(Following()), gr.State("")
    )
