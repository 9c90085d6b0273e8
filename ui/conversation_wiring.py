"""Which event of the conversation panel calls which handler.

Knows the components and the handlers; holds no logic. Quick handlers wait for nobody; answers wait
in the lane. Whatever leaves a conversation cancels the answer that is told in it, which ends the
model's work within a token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ui import conversation_views as views
from ui.asking_events import Asking
from ui.browser_memory import BrowserMemory
from ui.conversation_events import Conversing
from ui.conversation_manage import Managing, doubt
from ui.conversation_parts import ConversationPanel
from ui.downloads import CLICK
from ui.endpoints import publish_ask
from ui.lane import LANE, QUICK, cancelling
from ui.library import Library
from ui.states import States
from ui.talk import Talks

_KEYS = Path(__file__).with_name("conversation.js")
"""Script: what the keyboard does here beyond what the components do by themselves."""


def wire(library: Library, states: States, panel: ConversationPanel, page: gr.Blocks) -> None:
    """Connect the panel's events; to be called inside of the page."""
    publish_ask(library)  # first: an event takes the name of its handler, also where it is private
    conversing = Conversing(library)
    asking = Asking(conversing, Talks())
    place = [states.book, states.conversation]
    whole = [
        states.conversation,
        states.answer,
        panel.status,
        panel.timer,
        panel.picker,
        panel.chat,
        panel.question,
        panel.as_of,
        panel.manage.title,
    ]
    tellings = _asking(asking, states, panel)
    settled = [panel.question, panel.picker, panel.chat]
    cancelling(panel.question.stop, tellings)(asking.settle, place, settled, **QUICK)
    for event, handler, inputs in (
        (panel.picker.input, conversing.show, [states.book, panel.picker]),
        (panel.new.click, conversing.show, [states.book, gr.State(None)]),
        (panel.as_of.input, conversing.hold, [*place, panel.as_of]),
    ):
        cancelling(event, tellings)(handler, inputs, whole, **QUICK)
    panel.chat.select(conversing.select, panel.chat, states.answer, **QUICK)
    ticked = [panel.status, panel.timer, panel.chat]
    panel.timer.tick(conversing.tick, states.book, ticked, **QUICK)
    _remembering(BrowserMemory(conversing), states, panel, page, whole, tellings)
    _managing(Managing(conversing, panel.manage.download), states, panel, whole, tellings)


def _asking(asking: Asking, states: States, panel: ConversationPanel) -> list[Any]:
    """Everything that asks; returns the events in which answers are told."""
    place = [states.book, states.conversation]
    tellings = []
    for event, handler, inputs in (
        (panel.question.submit, asking.ask, [panel.question, *place, panel.as_of]),
        (panel.chat.example_select, asking.ask_example, [*place, panel.as_of]),
        (panel.chat.retry, asking.again, [*place, panel.chat]),
        (panel.chat.edit, asking.edit, [*place, panel.chat]),
    ):
        shown = [panel.question, states.conversation, panel.picker, panel.chat, panel.manage.title]
        asked = event(handler, inputs, shown, **QUICK)
        telling = asked.success(
            asking.tell,
            [*place, states.settings],
            [panel.chat, states.answer],
            show_progress="minimal",
            api_visibility="private",
            **LANE,
        )
        settled = [panel.question, panel.picker, panel.chat]
        telling.success(asking.settle, place, settled, **QUICK)
        # Also when it was cancelled, where something else is on show by now: only the button.
        telling.failure(views.question, states.book, panel.question, **QUICK)
        tellings.append(telling)
    return tellings


def _remembering(
    memory: BrowserMemory,
    states: States,
    panel: ConversationPanel,
    page: gr.Blocks,
    whole: list[Any],
    tellings: list[Any],
) -> None:
    page.load(memory.book, panel.browser, states.book, **QUICK)
    page.load(None, js=_KEYS.read_text(encoding="utf-8"), api_visibility="private")
    cancelling(states.book.change, tellings)(
        memory.arrive, [states.book, panel.browser], whole, **QUICK
    )
    gr.on(
        [states.book.change, states.conversation.change],
        memory.write,
        [panel.browser, states.book, states.conversation],
        panel.browser,
        **QUICK,
    )


def _managing(
    managing: Managing,
    states: States,
    panel: ConversationPanel,
    whole: list[Any],
    tellings: list[Any],
) -> None:
    parts, place = panel.manage, [states.book, states.conversation]
    gr.on(
        [parts.rename.click, parts.title.submit],
        managing.rename,
        [*place, parts.title],
        [panel.picker, parts.title],
        **QUICK,
    )
    asked = [parts.remove, parts.sure, parts.keep]
    parts.remove.click(lambda: doubt(True), None, asked, **QUICK)
    parts.keep.click(lambda: doubt(False), None, asked, **QUICK)
    # What was to be deleted is not what is on show now.
    elsewhere = [states.book.change, states.conversation.change]
    gr.on(elsewhere, lambda: doubt(False), None, asked, **QUICK)
    cancelling(parts.sure.click, tellings)(managing.remove, place, [*whole, *asked], **QUICK)
    for button, handler in ((parts.markdown, managing.markdown), (parts.json, managing.json)):
        made = button.click(handler, place, parts.download, **QUICK)
        made.success(None, js=CLICK.format("conversation-file"), api_visibility="private")
