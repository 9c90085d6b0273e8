"""The published endpoints `ask` and `summarize`, for programs that use gradio's client.

They keep nothing: no conversation grows by them. A book is named by id or title, and is looked up
on the shelf of the user who asks, like everything else. Knows the library; shows nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gradio as gr

from beacon_qa.book import Book
from beacon_qa.evidence.looking import check_look_back
from beacon_qa.prompts import LENGTHS
from ui.digest import digests
from ui.lane import LANE, in_lane
from ui.library import Library
from ui.settings import sampling
from ui.states import LOOK_BACK
from ui.talk import facts


class Endpoints:
    """The handlers of the endpoints."""

    def __init__(self, library: Library) -> None:
        self.library = library

    @in_lane
    def ask(
        self,
        book: str,
        question: str,
        as_of: str,
        max_new_tokens: float,
        temperature: float,
        look_back: str,
        request: gr.Request,
    ) -> Generator[tuple[str, dict[str, Any]], None, None]:
        """The answer as it is told, with its usage, coverage and evidence."""
        text, limit = str(question or "").strip(), self.library.limits.question_characters
        if not 0 < len(text) <= limit:
            raise gr.Error(
                f"The question has {len(text):,} characters; ask with 1 to {limit:,}.",
                print_exception=False,
            )
        way = check_look_back(str(look_back or LOOK_BACK))
        known = self._book(book, request)
        if as_of:
            known = known.as_of(str(as_of))
        settings = {"max_new_tokens": max_new_tokens, "temperature": temperature}
        answer = known.ask(text, sampling=sampling(settings), look_back=way)
        basis = {"book": known.id, "title": known.title, "as_of": known.up_to}
        try:
            for _ in answer:
                yield answer.so_far, {**basis, **facts(answer, whole=False)}
        finally:
            answer.cancel()
        yield answer.so_far, {**basis, **facts(answer)}

    @in_lane
    def summarize(
        self, book: str, length: str, by_chapter: bool, request: gr.Request
    ) -> Generator[str, None, None]:
        """The summary as it is told, as Markdown."""
        if length not in LENGTHS:
            raise gr.Error(
                f"The length {length!r} is none of {', '.join(LENGTHS)}.", print_exception=False
            )
        for digest in digests(self._book(book, request), length, bool(by_chapter)):
            yield digest.text

    def _book(self, name: str, request: gr.Request) -> Book:
        reader = self.library.reader(request)
        record = reader.shelf.find(str(name or ""), model_key=reader.engine.key)
        return self.library.book(request, record.id)


def publish_ask(library: Library) -> None:
    """Publish `ask`, with `Endpoints.ask`'s arguments; it gives (text, details)."""
    with gr.Row(visible=False):
        inputs = [
            gr.Textbox(label="book"),
            gr.Textbox(label="question"),
            gr.Textbox("", label="as_of"),
            gr.Number(256, label="max_new_tokens"),
            gr.Number(0.0, label="temperature"),
            gr.Textbox(LOOK_BACK, label="look_back"),
        ]
        outputs = [gr.Textbox(label="answer"), gr.JSON(label="details")]
        call = gr.Button("ask")
    call.click(Endpoints(library).ask, inputs, outputs, api_name="ask", **LANE)


def publish_summarize(library: Library) -> None:
    """Publish `summarize(book, length, by_chapter) -> text`."""
    with gr.Row(visible=False):
        inputs = [
            gr.Textbox(label="book"),
            gr.Textbox("medium", label="length"),
            gr.Checkbox(False, label="by_chapter"),
        ]
        output = gr.Textbox(label="summary")
        call = gr.Button("summarize")
    call.click(Endpoints(library).summarize, inputs, output, api_name="summarize", **LANE)
