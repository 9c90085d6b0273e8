"""Errors in OpenAI's shape, with the status codes its clients know what to do with.

    {"error": {"message": ..., "type": ..., "param": ..., "code": ...}}

Knows errors and HTTP. What the program refuses is told in its own sentence; anything else is told
in general, and in detail only to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from beacon_qa.errors import (
    AccountError,
    AnswerTimeout,
    BeaconError,
    BookNotFound,
    QueueFull,
    ShelfError,
)

_LOG = logging.getLogger(__name__)

_NO_RETRY = {"x-should-retry": "false"}
"""Tells OpenAI's clients that the same request would end in the same way."""

_STATUS: tuple[tuple[type[BeaconError], int, str, Mapping[str, str]], ...] = (
    (BookNotFound, 404, "not_found", {}),
    (QueueFull, 429, "queue_full", {"retry-after": "5"}),
    (AccountError, 401, "invalid_api_key", {}),
    (AnswerTimeout, 504, "timeout", _NO_RETRY),
    (ShelfError, 507, "shelf_error", _NO_RETRY),
    (BeaconError, 400, "invalid_request", {}),
)
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Refusal(HTTPException):
    """A request that is refused: a status, a sentence for the caller, and OpenAI's details."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code
        self.param = param

    @property
    def body(self) -> dict[str, Any]:
        """The error as it is sent."""
        kind = "server_error" if self.status_code >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.detail,
                "type": _TYPES.get(self.status_code, kind),
                "param": self.param,
                "code": self.code,
            }
        }

    @property
    def response(self) -> JSONResponse:
        """The whole response."""
        return JSONResponse(self.body, self.status_code, self.headers)


def explained(error: BaseException) -> Refusal:
    """Any error as a refusal; one that nobody foresaw goes to the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, str(error.detail), headers=error.headers)
    for kind, status, code, headers in _STATUS:
        if isinstance(error, kind):
            return Refusal(status, str(error), code=code, headers=headers)
    _LOG.error("a request failed", exc_info=error)
    return Refusal(
        500,
        "Something went wrong here, and the server's log says what; try again.",
        code="internal_error",
        headers=_NO_RETRY,
    )


def _invalid(error: RequestValidationError) -> Refusal:
    """The first thing that is wrong with a body, and where."""
    first = error.errors()[0]
    places = [str(place) for place in first["loc"] if place not in ("body", "query", "path")]
    if first["type"] == "json_invalid":
        return Refusal(400, "The body is not JSON; send a JSON object.", code="invalid_json")
    where = ".".join(places)
    return Refusal(
        400,
        f"{where or 'The body'}: {first['msg']}.",
        code="invalid_value",
        param=where or None,
    )
