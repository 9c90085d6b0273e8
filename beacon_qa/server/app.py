"""The application: the routes behind the gate, and every error in OpenAI's shape.

Knows FastAPI.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from beacon_qa.errors import BeaconError
from beacon_qa.server.about import about_routes
from beacon_qa.server.chat import chat_routes
from beacon_qa.server.file_routes import file_routes
from beacon_qa.server.gate import Gate
from beacon_qa.server.refusals import Refusal, explained
from beacon_qa.server.service import Service


def create_app(service: Service) -> FastAPI:
    """The application that serves a service; `service` is closed by whoever made it."""
    # Its own pages would load scripts from elsewhere.
    app = FastAPI(title="Beacon QA", openapi_url=None, docs_url=None, redoc_url=None)
    for routes in (about_routes, chat_routes, file_routes):
        app.include_router(routes(service))
    for kind in (BeaconError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _refused)
    app.add_middleware(Gate, service=service)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException) and error.detail == "Not Found":
        error = Refusal(
            404,
            f"There is no {request.method} {request.url.path[:80]} here; docs/server.md lists "
            "what there is.",
            code="unknown_url",
        )
    return explained(error).response
