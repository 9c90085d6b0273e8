"""The conversation panel: questions and answers about the book on show.

conversation_parts.py    its components and where they stand
conversation_views.py    what they show of a book and a conversation
conversation_events.py   what happens when something is asked, chosen or clicked
conversation_manage.py   rename, delete, give out as a file
browser_memory.py        what is on show again after a refresh
conversation_wiring.py   which event calls which handler
bubbles.py, talk.py      messages as the chat shows them; answers as they are told and kept
"""

from __future__ import annotations

from ui.conversation_parts import ConversationPanel, build_parts
from ui.conversation_wiring import wire

__all__ = ["ConversationPanel", "build", "wire"]


def build() -> ConversationPanel:
    """Lay the panel out."""
    return build_parts()
