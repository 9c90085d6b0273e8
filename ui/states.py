"""What a browser remembers between two events: ids and plain values, never books or tensors.

Knows gradio's State; knows nothing of what the ids stand for. The values are small because
gradio copies them, and are checked wherever they are used because a browser may send any.

An event that gives a state another value has to go through gradio's queue: outside of it, with
`queue=False`, the value changes but nobody who listens to `state.change` is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

MAX_NEW_TOKENS, TEMPERATURE, RATIO, LOOK_BACK = 256, 0.0, "auto", "auto"

SETTINGS = {
    "max_new_tokens": MAX_NEW_TOKENS,
    "temperature": TEMPERATURE,
    "ratio": RATIO,
    "look_back": LOOK_BACK,
}
"""What a browser begins with: answer length in tokens, temperature, condensing ratio, and whether
answers read passages of the text again."""


@dataclass(frozen=True)
class States:
    """The states that panels share.

    `book` is the id of the book on show, "" for none. `conversation` is the id of the
    conversation on show, None before the first question. `answer` is the id of the message whose
    evidence is on show, or None. `settings` is a dict like SETTINGS, and `kept_settings` what this
    browser was left with: it stands here, since what is on a tab begins when the tab is opened.
    """

    book: gr.State
    conversation: gr.State
    answer: gr.State
    settings: gr.State
    kept_settings: gr.BrowserState

    @classmethod
    def build(cls) -> States:
        """New states; to be called inside of a gr.Blocks."""
        # Plain numbers that are checked where they are used: the secret hides nothing, and is
        # fixed so that a browser is still understood when the server has been started anew.
        kept = gr.BrowserState(
            dict(SETTINGS), storage_key="beacon-qa-settings", secret="beacon-qa-settings"
        )
        settings = gr.State(dict(SETTINGS))
        return cls(gr.State(""), gr.State(None), gr.State(None), settings, kept)
