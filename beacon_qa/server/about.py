"""The routes that tell about the server: its models, its health, its numbers.

Knows one patron's shelf.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from beacon_qa.server.asking import BOOK, check_model
from beacon_qa.server.library import Patron
from beacon_qa.server.metrics import TEXT
from beacon_qa.server.service import Service
from beacon_qa.shelf.book_record import BookRecord


def about_routes(service: Service) -> APIRouter:
    """/v1/models, /health and /metrics."""
    router = APIRouter()

    @router.get("/v1/models")
    def models(request: Request) -> dict[str, Any]:
        return {"object": "list", "data": _models(request.state.patron)}

    @router.get("/v1/models/{name:path}")
    def model(name: str, request: Request) -> dict[str, Any]:
        patron: Patron = request.state.patron
        book_id = check_model(name, patron)
        if book_id:
            return _book_model(patron.reader.shelf.get(book_id))
        return _models(patron)[0]

    @router.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model": service.library.name}

    @router.get("/metrics")
    def metrics() -> PlainTextResponse:
        return PlainTextResponse(service.metrics.text, media_type=TEXT)

    return router


def _models(patron: Patron) -> list[dict[str, Any]]:
    """The model itself, and every book that it has read or will read."""
    engine = patron.reader.engine
    own = {"id": engine.name, "object": "model", "created": 0, "owned_by": "beacon-qa"}
    books = [book for book in patron.reader.shelf.books() if book.model_key == engine.key]
    return [own, *map(_book_model, books)]


def _book_model(book: BookRecord) -> dict[str, Any]:
    about = {
        name: getattr(book, name)
        for name in ("title", "author", "language", "state", "ratio", "pages", "chapters")
    }
    read = {"tokens": book.tokens, "total_tokens": book.total_tokens}
    return {
        "id": f"{BOOK}{book.id}",
        "object": "model",
        "created": int(datetime.fromisoformat(book.created).timestamp()),
        "owned_by": "beacon-qa",
        "beacon": {"book": book.id, **about, **read},
    }
