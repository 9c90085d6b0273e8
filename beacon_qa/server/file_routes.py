"""The routes of files: uploaded, listed, looked at, deleted.

Knows OpenAI's file objects; an upload is handed in to be read at once.
"""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile

from beacon_qa.errors import BookNotFound
from beacon_qa.server.library import Patron
from beacon_qa.server.refusals import Refusal
from beacon_qa.server.service import Service
from beacon_qa.server.uploads import Upload

_PURPOSES = ("user_data", "assistants")
_LONGEST_NAME = 255


def file_routes(service: Service) -> APIRouter:
    """/v1/files and what is below it."""
    router = APIRouter()
    most = service.limits.upload_bytes

    @router.post("/v1/files")
    def upload(
        request: Request,
        file: Annotated[UploadFile, File()],
        purpose: Annotated[str, Form()],
        password: Annotated[str | None, Form()] = None,
    ) -> dict[str, Any]:
        _check(file, purpose, most)
        files = _patron(request).files
        return files.told(files.submit(file.file, _name(file), purpose, password))

    @router.get("/v1/files")
    def listing(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
        after: str = "",
        order: Literal["asc", "desc"] = "desc",
        purpose: str = "",
    ) -> dict[str, Any]:
        files = _patron(request).files
        found = [one for one in files.uploads.all() if purpose in ("", one.purpose)]
        found = _after(found if order == "desc" else found[::-1], after)
        books = files.books()
        page = [files.told(one, books) for one in found[:limit]]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return {"object": "list", "data": page, "has_more": len(found) > limit, **ends}

    @router.get("/v1/files/{file_id}")
    def look(file_id: str, request: Request) -> dict[str, Any]:
        return _patron(request).files.told(_found(request, file_id))

    @router.delete("/v1/files/{file_id}")
    def delete(file_id: str, request: Request) -> dict[str, Any]:
        patron = _patron(request)
        patron.files.delete(_found(request, file_id))
        service.library.forget(patron)
        return {"id": file_id, "object": "file", "deleted": True}

    @router.get("/v1/files/{file_id}/content")
    def content(file_id: str, request: Request) -> None:
        upload = _found(request, file_id)
        raise Refusal(
            400,
            f"{upload.filename} is kept as a text and a memory of it, not as a file; ask it.",
            code="content_not_kept",
        )

    return router


def _patron(request: Request) -> Patron:
    patron: Patron = request.state.patron
    return patron


def _found(request: Request, file_id: str) -> Upload:
    try:
        return _patron(request).files.uploads.get(file_id)
    except BookNotFound as error:
        raise Refusal(404, str(error), code="file_not_found", param="file_id") from error


def _check(file: UploadFile, purpose: str, most: int) -> None:
    if purpose not in _PURPOSES:
        raise Refusal(
            400,
            f"purpose is {purpose[:80]!r}; files are read as books here: send "
            f"{' or '.join(_PURPOSES)}.",
            code="invalid_purpose",
            param="purpose",
        )
    if (file.size or 0) > most:
        raise Refusal(
            413,
            f"{_name(file)} has {(file.size or 0) / 2**20:.1f} MB; {most / 2**20:.1f} MB at most "
            "are taken here.",
            code="file_too_large",
            param="file",
        )


def _name(file: UploadFile) -> str:
    """The file's name, without folders of the machine it comes from."""
    name = PureWindowsPath(PurePosixPath(file.filename or "").name).name
    return name[-_LONGEST_NAME:] or "file"


def _after(found: list[Upload], last: str) -> list[Upload]:
    places = [place for place, one in enumerate(found) if one.id == last]
    return found[places[0] + 1 :] if places else found
