"""The gate: who is let in, how much may be sent, and what every response carries.

Stands in front of all routes, so that nothing of a request's body is read before its key is known.
Without keys the server is for this machine alone: a page of another site, which a browser on this
machine shows, is not let in either. Knows ASGI; knows nothing of routes.
"""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beacon_qa.server.address import is_loopback
from beacon_qa.server.library import Patron
from beacon_qa.server.refusals import Refusal, explained
from beacon_qa.server.service import Service

_LOG = logging.getLogger(__name__)

_OPEN_PATHS = ("/health",)
_ENVELOPE = 64 * 2**10
"""Bytes of an upload's body beside the file."""


class Gate:
    """Lets requests in to `app`, with the patron in their state."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = _Sending(send)
        try:
            headers = Headers(scope=scope)
            scope.setdefault("state", {})["patron"] = await self._let_in(scope["path"], headers)
            limited = _Receiving(receive, self._most(scope))
            await limited.check(headers)
            await self._app(scope, limited, answering)
        except Exception as error:
            refusal = explained(error)
            if not answering.status:
                await refusal.response(scope, receive, answering)
        route = getattr(scope.get("route"), "path", "none")
        if answering.status == 500:
            _LOG.error("request %s to %s failed", answering.ident, route)
        self._service.metrics.requests.add(route, str(answering.status))

    async def _let_in(self, path: str, headers: Headers) -> Patron | None:
        library = self._service.library
        if library.keys is None:
            _check_local(headers)
        if path in _OPEN_PATHS:
            return None
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if scheme.casefold() == "bearer" else ""
        patron = await run_in_threadpool(library.admit, given)
        if patron is None:
            what = "This key is not known here" if given else "A key is needed here"
            raise Refusal(
                401,
                f"{what}; send one as `Authorization: Bearer KEY`. `beacon-qa serve --new-key "
                "NAME` makes one.",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        return patron

    def _most(self, scope: Scope) -> int:
        limits = self._service.limits
        if scope["path"].rstrip("/") == "/v1/files":
            return limits.upload_bytes + _ENVELOPE
        return limits.body_bytes


class _Receiving:
    """A request's body, up to `most` bytes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._most:
                raise await self._too_large(message.get("more_body", False))
        return message

    async def check(self, headers: Headers) -> None:
        """Raise Refusal for a body that says itself that it is too large."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most:
            raise await self._too_large(True)

    async def _too_large(self, more: bool) -> Refusal:
        """Let as much again pass: a client that is still sending does not listen."""
        left = self._most
        while more and left > 0:
            message = await self._receive()
            more = message.get("more_body", False)
            left -= len(message.get("body", b""))
        return Refusal(
            413,
            f"The request is too large: {self._most / 2**20:.1f} MB at most are taken here.",
            code="request_too_large",
        )


class _Sending:
    """A response, which is given an id; `status` is 0 until it has begun."""

    def __init__(self, send: Send) -> None:
        self.ident = f"req_{secrets.token_hex(8)}"
        self.status = 0
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.ident
            headers["x-content-type-options"] = "nosniff"
        await self._send(message)


def _check_local(headers: Headers) -> None:
    """Refuse what a browser sends for another site's page."""
    for name in ("host", "origin"):
        value = headers.get(name)
        if value is None:
            continue
        try:
            host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
        except ValueError:
            host = ""
        if not is_loopback(host):
            raise Refusal(
                403,
                f"The request comes by way of {host[:80] or value[:80]!r}; without keys only "
                "programs on this machine may use the server, at 127.0.0.1 or localhost.",
                code="not_local",
            )
