"""Beacon QA for LangChain: models that answer from a book's memory, a loader, a tool.

    from beacon_qa.langchain import ChatBeacon

    chat = ChatBeacon(book="moby-dick.epub")
    print(chat.invoke("Who is the captain of the Pequod?").content)

The only rooms that know LangChain. Needs the extra `langchain`.
"""

try:
    import langchain_core  # noqa: F401
except ImportError as error:
    raise ImportError(
        "beacon_qa.langchain needs langchain-core: pip install 'beacon-qa[langchain]'."
    ) from error

from beacon_qa.langchain.asking import ask_book_tool
from beacon_qa.langchain.chat import ChatBeacon
from beacon_qa.langchain.llm import BeaconLLM
from beacon_qa.langchain.loader import BeaconBookLoader

__all__ = ["BeaconBookLoader", "BeaconLLM", "ChatBeacon", "ask_book_tool"]
