"""What can be done with a whole conversation: rename it, delete it, give it out as a file.

Knows the shelf's conversations and transcripts; every id is looked up on the user's shelf.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from beacon_qa.chat.transcript import as_json, as_markdown
from ui import conversation_views as views
from ui.conversation_events import Conversing
from ui.downloads import offered
from ui.lane import politely


class Managing:
    """The handlers of the buttons under a conversation."""

    def __init__(self, conversing: Conversing, download: gr.DownloadButton) -> None:
        self.conversing = conversing
        self.download = download

    @politely
    def rename(
        self, book_id: str, conversation_id: Any, title: Any, request: gr.Request
    ) -> tuple[Any, str]:
        """Give the conversation another title; updates of: picker, title."""
        talk = self.conversing.must(self.conversing.talk(request, book_id, conversation_id))
        reader = self.conversing.library.reader(request)
        name = " ".join(str(title or "").split())[:200] or talk.title
        reader.shelf.conversations.rename(talk.id, name)
        return views.picker(reader, book_id, talk.id), name

    @politely
    def remove(self, book_id: str, conversation_id: Any, request: gr.Request) -> tuple[Any, ...]:
        """Delete the conversation; updates of everything, and of the two buttons that asked."""
        talk = self.conversing.must(self.conversing.talk(request, book_id, conversation_id))
        self.conversing.library.reader(request).shelf.conversations.remove(talk.id)
        return (*self.conversing.show(book_id, None, request), *doubt(False))

    @politely
    def markdown(self, book_id: str, conversation_id: Any, request: gr.Request) -> str:
        """The conversation as a Markdown file."""
        return self._file(book_id, conversation_id, request, "md")

    @politely
    def json(self, book_id: str, conversation_id: Any, request: gr.Request) -> str:
        """The conversation as a JSON file."""
        return self._file(book_id, conversation_id, request, "json")

    def _file(self, book_id: str, conversation_id: Any, request: gr.Request, ending: str) -> str:
        talk = self.conversing.must(self.conversing.talk(request, book_id, conversation_id))
        shelf = self.conversing.library.reader(request).shelf
        title = shelf.get(book_id).title
        write = as_markdown if ending == "md" else as_json
        text = write(title, talk, shelf.conversations.messages(talk.id))
        return offered(self.download, title, ending, text)


def doubt(asking: bool) -> tuple[Any, Any, Any]:
    """Updates of the button to delete, and of the two that ask whether that is meant."""
    return gr.update(visible=not asking), gr.update(visible=asking), gr.update(visible=asking)
