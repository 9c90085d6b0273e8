"""A tool with which an agent of any model can put questions to a book.

Knows LangChain's tools and books; the book is read when the first question comes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from beacon_qa.book import Book
from beacon_qa.errors import BeaconError
from beacon_qa.langchain.chat import ChatBeacon


class Question(BaseModel):
    """What an agent gives the tool."""

    question: str = Field(description="One question about the book, in a whole sentence.")


def ask_book_tool(
    book: str | Path | Book | ChatBeacon,
    *,
    name: str = "ask_book",
    description: str | None = None,
    **settings: Any,
) -> BaseTool:
    """A tool that answers one question from a book; the agent's own model is not touched.

    `book` is a path, an id or title on the shelf, a Book, or a ChatBeacon with one; `settings`
    are ChatBeacon's. What cannot be answered is told to the agent as a sentence, not raised. The
    tool's artifact holds the pages, the coverage and the tokens of the answer.
    """
    named = str(book) if isinstance(book, Path) else book
    chat = named if isinstance(named, ChatBeacon) else ChatBeacon(book=named, **settings)
    title = chat.book.title if isinstance(chat.book, Book) else Path(str(chat.book)).stem

    def told(result: Any) -> tuple[str, dict[str, Any]]:
        return str(result.content), {**result.response_metadata, "usage": result.usage_metadata}

    def ask(question: str) -> tuple[str, dict[str, Any]]:
        try:
            return told(chat.invoke(question))
        except BeaconError as error:
            return str(error), {}

    async def ask_later(question: str) -> tuple[str, dict[str, Any]]:
        try:
            return told(await chat.ainvoke(question))
        except BeaconError as error:
            return str(error), {}

    return StructuredTool.from_function(
        func=ask,
        coroutine=ask_later,
        name=name,
        description=description
        or f"Answers a question about the book “{title}”, which it has read as a whole.",
        args_schema=Question,
        response_format="content_and_artifact",
    )
