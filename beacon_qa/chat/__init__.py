"""Conversations: with a book, by lists of messages, with tools, and written out."""

from beacon_qa.chat.chat import Chat, Turn

__all__ = ["Chat", "Turn"]
