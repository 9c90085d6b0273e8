"""Texts given out as files: made in gradio's own temporary folder, which empties itself.

Knows gradio's cache and what a file may be called; knows nothing of what is in the files.
"""

from __future__ import annotations

import re

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

CLICK = "() => document.querySelector('#{0}')?.click()"
"""Script that presses the download button with this id, once the file is made."""


def offered(button: gr.DownloadButton, title: str, ending: str, text: str) -> str:
    """The path of a file with this text, named after a title, for the button to give out."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:60] or "beacon-qa"
    path: str = save_bytes_to_cache(text.encode(), f"{name}.{ending}", button.GRADIO_CACHE)
    return path
