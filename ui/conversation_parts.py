"""The parts of the conversation panel and where they stand; nothing of what they do."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

NEW = (0, "New conversation")
"""The choice that stands for a conversation that has not begun."""

END = ("the end of what is read", "")
"""The choice to answer from all that is in memory."""


@dataclass(frozen=True)
class ConversationPanel:
    """The components of the panel."""

    browser: gr.BrowserState
    status: gr.Markdown
    picker: gr.Dropdown
    new: gr.Button
    chat: gr.Chatbot
    question: gr.Textbox
    as_of: gr.Dropdown
    manage: Manage
    timer: gr.Timer


@dataclass(frozen=True)
class Manage:
    """What can be done with a whole conversation."""

    title: gr.Textbox
    rename: gr.Button
    remove: gr.Button
    sure: gr.Button
    keep: gr.Button
    markdown: gr.Button
    json: gr.Button
    download: gr.DownloadButton


def build_parts() -> ConversationPanel:
    """Lay the panel out."""
    # Ids only, each looked up on the user's own shelf: the secret hides nothing. It is fixed so
    # that what a browser kept is still understood when the server has been started anew.
    browser = gr.BrowserState({}, storage_key="beacon-qa", secret="beacon-qa")
    status = gr.Markdown(latex_delimiters=[], elem_id="book-line")
    with gr.Row(elem_id="talk-head"):
        picker = gr.Dropdown(
            [NEW[::-1]], value=NEW[0], label="Conversation", scale=4, min_width=120,
            elem_id="conversations",
        )  # fmt: skip
        new = gr.Button("New", scale=1, min_width=60, elem_id="new-conversation")
    chat = _chat()
    question = _question()
    as_of = gr.Dropdown(
        [END],
        value=END[1],
        label="Answer as of",
        info="It knows nothing beyond this place. Another place starts a new conversation.",
        elem_id="as-of",
    )
    return ConversationPanel(
        browser, status, picker, new, chat, question, as_of, _manage(), gr.Timer(2, active=False)
    )


def _question() -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        placeholder="Choose a book first",
        lines=1,
        max_lines=8,
        submit_btn="Ask",
        stop_btn=False,
        interactive=False,
        elem_id="question",
    )


def _chat() -> gr.Chatbot:
    return gr.Chatbot(
        label="Conversation",
        show_label=False,
        height="max(18rem, calc(100dvh - 31rem))",
        elem_id="chat",
        editable="user",
        buttons=["copy", "copy_all"],
        layout="bubble",
        sanitize_html=True,
        allow_tags=False,
        # Books write dollars, and formulas are a program's text: both stay letters.
        latex_delimiters=[],
        allow_file_downloads=False,
        feedback_options=None,
        placeholder="Choose a book on the shelf, or drop one there.",
    )


def _manage() -> Manage:
    with gr.Accordion("Rename, export or delete this conversation", open=False, elem_id="manage"):
        with gr.Row():
            title = gr.Textbox(
                label="Title", max_length=200, scale=4, min_width=120, elem_id="conversation-title"
            )
            rename = gr.Button("Rename", scale=1, min_width=80, elem_id="rename")
        with gr.Row():
            markdown = gr.Button("Export Markdown", min_width=80, elem_id="export-markdown")
            json = gr.Button("Export JSON", min_width=80, elem_id="export-json")
            remove = gr.Button("Delete", variant="stop", min_width=80, elem_id="delete")
            sure = gr.Button(
                "Delete for ever",
                variant="stop",
                min_width=80,
                visible=False,
                elem_id="delete-sure",
            )
            keep = gr.Button("Keep", min_width=80, visible=False, elem_id="delete-keep")
        download = gr.DownloadButton("Download", visible="hidden", elem_id="conversation-file")
    return Manage(title, rename, remove, sure, keep, markdown, json, download)
