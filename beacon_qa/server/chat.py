"""The routes that answer: /v1/chat/completions and /v1/completions, whole or as a stream.

Knows requests and their clients, who may go away; the model runs in the line's threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from beacon_qa.chat.tools import ToolCall
from beacon_qa.server.asking import Asked, chat_asked, completion_asked
from beacon_qa.server.bodies import ChatBody, CompletionBody
from beacon_qa.server.call import Call, End, Part
from beacon_qa.server.line import Telling
from beacon_qa.server.refusals import explained
from beacon_qa.server.service import Service
from beacon_qa.server.telling import DONE, Shape, event

T = TypeVar("T")


class _Gone(Exception):
    """The client does not listen any more."""


def chat_routes(service: Service) -> APIRouter:
    """Both ways to ask."""
    router = APIRouter()

    @router.post("/v1/chat/completions")
    async def chat(body: ChatBody, request: Request) -> Response:
        patron, limits = request.state.patron, service.limits
        asked = await run_in_threadpool(chat_asked, body, patron, limits)
        shape = Shape("chat", asked.model, service.library.fingerprint)
        return await _answered(service, request, asked, shape, body)

    @router.post("/v1/completions")
    async def complete(body: CompletionBody, request: Request) -> Response:
        patron, limits = request.state.patron, service.limits
        asked = await run_in_threadpool(completion_asked, body, patron, limits)
        shape = Shape("text", asked.model, service.library.fingerprint)
        return await _answered(service, request, asked, shape, body)

    return router


async def _answered(
    service: Service,
    request: Request,
    asked: Asked,
    shape: Shape,
    body: ChatBody | CompletionBody,
) -> Response:
    telling = service.line.join(Call(service.library, request.state.patron, asked))
    try:
        if not body.stream:
            parts, end = await _unless_gone(request, telling.all())
            return JSONResponse(shape.whole(parts, end))
        # What is refused before the first piece is refused with a status of its own.
        first = await _unless_gone(request, telling.next())
        return _Stream(telling, _events(telling, first, shape, body.wants_usage))
    except _Gone:
        telling.cut("gone")
        return Response(status_code=499)
    except BaseException:
        telling.cut("gone")
        raise


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of some work; raises _Gone when the client goes away before it is done."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Gone
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Stream(StreamingResponse):
    """Events of an answer; however the stream ends, the answer does."""

    def __init__(self, telling: Telling, events: AsyncIterator[str]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self.headers["cache-control"] = "no-cache"
        self._telling = telling

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._telling.cut("gone")


async def _events(
    telling: Telling, first: Part | End, shape: Shape, wants_usage: bool
) -> AsyncIterator[str]:
    for value in shape.opening():
        yield event(value)
    part, calls = first, 0
    try:
        while not isinstance(part, End):
            yield event(shape.piece(part, calls))
            calls += isinstance(part, ToolCall)
            part = await telling.next()
    except Exception as error:  # too late for a status
        yield event(explained(error).body)
        return
    for value in shape.closing(part, wants_usage):
        yield event(value)
    yield DONE
