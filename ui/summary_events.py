"""What the summary panel does: tell a summary, stop it, give it out as a file.

Knows the library and the panel. The book's id is looked up on the shelf of the user who asks.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gradio as gr

from beacon_qa.markdown import harmless, literal
from ui.digest import Digest, digests
from ui.downloads import CLICK, offered
from ui.endpoints import publish_summarize
from ui.lane import LANE, QUICK, cancelling, politely, shown
from ui.library import Library
from ui.settings import temperature
from ui.states import States
from ui.summary_panel import EMPTY, SummaryPanel

_WAITING = "Waiting for the model …"
_TELLING = "Telling: "
_READY = "*Choose a length, then Summarize. Nothing is read again: it is told from memory.*"


class Summarizing:
    """The handlers of the panel."""

    def __init__(self, library: Library, download: gr.DownloadButton) -> None:
        self.library = library
        self.download = download

    @politely
    def arrive(self, book_id: str, request: gr.Request) -> tuple[Any, ...]:
        """Clear the panel for a book; updates of: start, stop, save, note, shown, text, title."""
        title = self.library.reader(request).shelf.get(book_id).title if book_id else ""
        return (*buttons(bool(book_id)), "", _READY if book_id else EMPTY, "", title)

    def begin(self) -> tuple[Any, ...]:
        """Show that a summary is on its way; updates of: start, stop, save, note, shown, text."""
        return (*buttons(True, running=True), _WAITING, "", "")

    def tell(
        self, book_id: str, length: Any, scope: Any, settings: Any, request: gr.Request
    ) -> Generator[tuple[str, str, str], None, None]:
        """Tell the summary, or why it was not told; updates of: note, shown, text."""
        text = ""
        try:
            book = self.library.book(request, book_id)
            heat = temperature(settings)
            for digest in digests(book, str(length), scope == "chapters", heat):
                text = digest.text
                yield note(digest), harmless(text), text
        except Exception as error:
            # An error of gradio's would be gone in ten seconds, and its events stop there.
            yield f"Failed. {literal(str(shown(error).message))}", harmless(text), text

    def ended(self, book_id: str, text: str, note: Any) -> tuple[Any, ...]:
        """Offer what was told; updates of: start, stop, save, note."""
        told = str(note or "")
        if told == _WAITING:
            told = ""
        elif told.startswith(_TELLING):
            told = f"Stopped. {told.removeprefix(_TELLING)}"
        return (*buttons(bool(book_id), text=bool(text)), told)

    @politely
    def save(self, text: str, title: str) -> str:
        """The summary as a Markdown file."""
        return offered(
            self.download, f"{title} summary", "md", f"# {literal(title)}\n\n{harmless(text)}\n"
        )


def note(digest: Digest) -> str:
    """What the summary is told from, in a line."""
    chapters = f"{digest.told} of {digest.chapters} chapters" if digest.chapters else ""
    line = " · ".join(part for part in (chapters, digest.basis) if part)
    return line if digest.done else f"{_TELLING}{line}"


def buttons(book: bool, *, running: bool = False, text: bool = False) -> tuple[Any, Any, Any]:
    """Updates of: start, stop, save."""
    return (
        gr.update(interactive=book, visible=not running),
        gr.update(visible=running),
        gr.update(interactive=text and not running),
    )


def wire(library: Library, states: States, panel: SummaryPanel) -> None:
    """Connect the panel's events; to be called inside of the page."""
    summarizing = Summarizing(library, panel.download)
    pressed = [panel.start, panel.stop, panel.save]
    begun = panel.start.click(
        summarizing.begin, None, [*pressed, panel.note, panel.shown, panel.text], **QUICK
    )
    telling = begun.success(
        summarizing.tell,
        [states.book, panel.length, panel.scope, states.settings],
        [panel.note, panel.shown, panel.text],
        show_progress="minimal",
        show_progress_on=panel.note,
        api_visibility="private",
        **LANE,
    )
    ending = (summarizing.ended, [states.book, panel.text, panel.note], [*pressed, panel.note])
    telling.then(*ending, **QUICK)
    cancelling(panel.stop.click, [telling])(*ending, **QUICK)
    cancelling(states.book.change, [telling])(
        summarizing.arrive,
        states.book,
        [*pressed, panel.note, panel.shown, panel.text, panel.title],
        **QUICK,
    )
    made = panel.save.click(summarizing.save, [panel.text, panel.title], panel.download, **QUICK)
    made.success(None, js=CLICK.format("summary-file"), api_visibility="private")
    publish_summarize(library)
