"""BeaconLLM: a LangChain text model that answers from a book's memory, one question a prompt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.llms import LLM
from langchain_core.outputs import Generation, GenerationChunk, LLMResult
from langchain_core.runnables.config import run_in_executor

from beacon_qa.chat.dialogue import Message
from beacon_qa.langchain.call import Call
from beacon_qa.langchain.settings import BookSettings
from beacon_qa.langchain.telling import metadata, usage


class BeaconLLM(BookSettings, LLM):
    """A text model with a book: each prompt is a question, answered from the book's memory.

    Without a book it answers the prompt alone. Settings and errors are those of ChatBeacon.
    """

    @property
    def _llm_type(self) -> str:
        return "beacon-qa"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self._identity()

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop or None, **kwargs)
        params["ls_provider"] = "beacon-qa"
        return params

    def generate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        """As LangChain's, with the book opened first where answers are cached."""
        if self._caching(self.cache):
            self._read_in_time()
        return super().generate(prompts, *args, **kwargs)

    async def agenerate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        """As LangChain's, with the book opened in a thread first where answers are cached."""
        if self._caching(self.cache):
            await run_in_executor(None, self._read_in_time)
        return await super().agenerate(prompts, *args, **kwargs)

    def _begin(self, prompt: str, stop: list[str] | None, options: dict[str, Any]) -> Call:
        return self._new_call([Message("user", prompt)], stop, options)

    def _call(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> str:
        return _told(self._begin(prompt, stop, kwargs)).text

    def _generate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        told = [[_told(self._begin(prompt, stop, kwargs))] for prompt in prompts]
        return LLMResult(generations=told)

    async def _agenerate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        told = []
        for prompt in prompts:
            call = self._begin(prompt, stop, kwargs)
            try:
                told.append([await run_in_executor(None, _told, call)])
            finally:
                call.cancel()
        return LLMResult(generations=told)

    def _stream(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[GenerationChunk]:
        for piece in _chunks(self._begin(prompt, stop, kwargs)):
            if run_manager is not None:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece

    async def _astream(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[GenerationChunk]:
        call = self._begin(prompt, stop, kwargs)
        pieces = _chunks(call)
        try:
            while (piece := await run_in_executor(None, next, pieces, None)) is not None:
                if run_manager is not None:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece
        finally:
            call.cancel()


def _info(call: Call) -> dict[str, Any]:
    return {**metadata(call), "usage": usage(call)}


def _told(call: Call) -> Generation:
    return Generation(text="".join(map(str, call.parts())), generation_info=_info(call))


def _chunks(call: Call) -> Iterator[GenerationChunk]:
    for part in call.parts():
        yield GenerationChunk(text=str(part))
    yield GenerationChunk(text="", generation_info=_info(call))
