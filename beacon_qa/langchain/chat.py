"""ChatBeacon: a LangChain chat model that answers from a book's memory.

Knows LangChain's messages and calls; the answering is in messages, the book in opening.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    convert_to_openai_messages,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import run_in_executor
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from beacon_qa.chat.dialogue import Message, knows_tools
from beacon_qa.chat.messages import message
from beacon_qa.chat.tools import ToolKit
from beacon_qa.errors import MessageError
from beacon_qa.langchain.call import Call
from beacon_qa.langchain.settings import BookSettings
from beacon_qa.langchain.telling import chunk, metadata, parts_as_fields, usage


class ChatBeacon(BookSettings, BaseChatModel):
    """A chat model with a book: read once into memory, asked as often as you like.

    Without a book it answers the messages alone. Errors are BeaconErrors with a sentence for the
    user; a call that takes longer than `timeout` raises AnswerTimeout.
    """

    @property
    def _llm_type(self) -> str:
        return "beacon-qa-chat"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self._identity()

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop or None, **kwargs)
        params["ls_provider"] = "beacon-qa"
        params["ls_temperature"] = kwargs.get("temperature", self.temperature)
        return params

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        # Asked for only where answers are cached: the book is opened first, for its memory's id.
        self._read_in_time()
        params = {**self._identity(), "_type": self._llm_type, **kwargs}
        return json.dumps({**params, "stop": stop or self.stop}, sort_keys=True, default=str)

    async def agenerate(
        self, messages: list[list[BaseMessage]], *args: Any, **kwargs: Any
    ) -> LLMResult:
        """As LangChain's, with the book opened in a thread first where answers are cached."""
        if self._caching(self.cache):
            await run_in_executor(None, self._read_in_time)
        return await super().agenerate(messages, *args, **kwargs)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may call.

        `tool_choice` is "auto", "none", "any", a tool's name, or any of OpenAI's forms of these.
        Raises NotImplementedError when the model's chat template knows no tools.
        """
        kwargs.pop("strict", None)
        engine = self._opened.engine(self._wanted())
        if not knows_tools(engine.prompts):
            raise NotImplementedError(
                f"The chat template of {engine.name} knows no tools; take a model of the Qwen2.5 "
                "or Qwen3 kind, or give this book to another model as a tool (ask_book_tool)."
            )
        offered = [convert_to_openai_tool(tool) for tool in tools]
        choice = _choice(tool_choice)
        if choice == "none":
            return self.bind(**kwargs)
        ToolKit.of(offered, choice)
        return self.bind(tools=offered, tool_choice=choice, **kwargs)

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> Call:
        form = options.get("response_format")
        if form is not None and form != {"type": "text"}:
            raise MessageError(f"An answer is text; it cannot be had as response_format={form}.")
        tools = options.get("tools")
        kit = ToolKit.of(tools, _choice(options.get("tool_choice"))) if tools else None
        return self._new_call(_messages(messages), stop, options, kit)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(self._begin(messages, stop, kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = self._begin(messages, stop, kwargs)
        try:
            return await run_in_executor(None, _result, call)
        finally:
            call.cancel()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in _chunks(self._begin(messages, stop, kwargs)):
            if run_manager is not None:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = self._begin(messages, stop, kwargs)
        pieces = _chunks(call)
        try:
            while (piece := await run_in_executor(None, next, pieces, None)) is not None:
                if run_manager is not None:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece
        finally:
            # The thread that tells the answer may still be at it: it ends within a token.
            call.cancel()


_CALLS = ("tool_call", "tool_call_chunk", "function_call")


def _messages(messages: list[BaseMessage]) -> list[Message]:
    try:
        written = convert_to_openai_messages(messages)
    except ValueError as error:
        raise MessageError(f"These messages cannot be read: {error}") from error
    for one in written:
        if one.get("tool_calls") and isinstance(one["content"], list):
            # Some versions of a message hold its calls a second time, among the content.
            one["content"] = [block for block in one["content"] if block["type"] not in _CALLS]
    return [message(one) for one in written]


def _choice(choice: str | Mapping[str, Any] | bool | None) -> str | None:
    """OpenAI's and LangChain's ways to choose a tool, as a ToolKit takes them."""
    if isinstance(choice, bool):
        return "any" if choice else None
    if isinstance(choice, Mapping):
        return str(choice.get("function", choice).get("name"))
    return choice


def _result(call: Call) -> ChatResult:
    parts = list(call.parts())
    told = AIMessage(
        **parts_as_fields(parts), usage_metadata=usage(call), response_metadata=metadata(call)
    )
    return ChatResult(generations=[ChatGeneration(message=told)])


def _chunks(call: Call) -> Iterator[ChatGenerationChunk]:
    for index, part in enumerate(call.parts()):
        yield ChatGenerationChunk(message=chunk(part, index))
    last = AIMessageChunk(
        content="",
        usage_metadata=usage(call),
        response_metadata=metadata(call),
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=last)
