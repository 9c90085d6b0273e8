"""What a request asks: which book, which messages, and how the answer is to be told.

Turns bodies into values that an answer is made from, and refuses what cannot be. Knows OpenAI's
forms and one patron's library; runs no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beacon_qa.beacon import Sampling
from beacon_qa.chat.dialogue import Message
from beacon_qa.chat.messages import message
from beacon_qa.chat.tools import ToolKit
from beacon_qa.errors import BookNotFound
from beacon_qa.evidence.looking import LookBack
from beacon_qa.server.bodies import ChatBody, CompletionBody
from beacon_qa.server.library import Patron
from beacon_qa.server.limits import Limits
from beacon_qa.server.refusals import Refusal

BOOK = "beacon:"
"""What a model's name begins with when it means a book."""

_SOON = {"retry-after": "3"}


@dataclass(frozen=True)
class Asked:
    """One question as it will be answered; `book_id` is empty for none."""

    model: str
    book_id: str
    messages: tuple[Message, ...]
    sampling: Sampling
    stop: tuple[str, ...]
    kit: ToolKit | None = None
    as_of: str = ""
    look_back: LookBack | None = None


def chat_asked(body: ChatBody, patron: Patron, limits: Limits) -> Asked:
    """What a chat request asks; raises Refusal, or MessageError for its messages."""
    body.check()
    texts, files = _without_files(body.messages)
    book_id = _book(body.model, files, patron)
    return Asked(
        body.model,
        book_id,
        tuple(message(text) for text in texts),
        _sampling(body, body.max_completion_tokens or body.max_tokens, limits),
        body.stops,
        _kit(body),
        _as_of(body, book_id),
        body.options.look_back,
    )


def completion_asked(body: CompletionBody, patron: Patron, limits: Limits) -> Asked:
    """What a completion request asks: its prompt is one question."""
    body.check()
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if len(prompts) != 1:
        raise Refusal(
            400, f"prompt holds {len(prompts)} texts; send each by itself.", param="prompt"
        )
    book_id = _book(body.model, [], patron)
    return Asked(
        body.model,
        book_id,
        (Message("user", prompts[0]),),
        _sampling(body, body.max_tokens, limits),
        body.stops,
        as_of=_as_of(body, book_id),
        look_back=body.options.look_back,
    )


def check_model(name: str, patron: Patron) -> str:
    """The id of the book that a model's name means, "" for the model alone; raises Refusal."""
    if name == patron.reader.engine.name:
        return ""
    if name.startswith(BOOK):
        try:
            record = patron.reader.shelf.get(name.removeprefix(BOOK))
            if record.model_key == patron.reader.engine.key:
                return record.id
        except BookNotFound:
            pass
    raise Refusal(
        404,
        f"There is no model {name[:80]!r} here; /v1/models lists the model and the books that can "
        "be asked.",
        code="model_not_found",
        param="model",
    )


def _book(model: str, files: Sequence[str], patron: Patron) -> str:
    """The one book that a model's name or the files of the messages mean, or ""."""
    named = check_model(model, patron)
    books = {_book_of(file_id, patron) for file_id in files} | ({named} if named else set())
    if len(books) > 1:
        raise Refusal(
            400,
            f"The request names {len(books)} books; ask about one at a time.",
            param="messages",
        )
    return next(iter(books), "")


def _book_of(file_id: str, patron: Patron) -> str:
    files = patron.files
    try:
        upload = files.uploads.get(file_id)
    except BookNotFound as error:
        raise Refusal(404, str(error), code="file_not_found", param="messages") from error
    record = files.record(upload)
    if record is not None:
        return record.id
    told = files.told(upload)
    if told["status"] == "error":
        reason = told["status_details"]
        raise Refusal(400, f"{upload.filename} was not read: {reason}", code="file_not_read")
    raise not_read_yet(upload.filename)


def not_read_yet(name: str) -> Refusal:
    """The refusal of a question to a book of which nothing is read; clients ask again by it."""
    return Refusal(
        409,
        f"{name} is not read yet; ask again in a moment, or look at its state under /v1/files.",
        code="not_read_yet",
        headers=_SOON,
    )


def _without_files(
    messages: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The messages without their file parts, and the ids of those files."""
    texts: list[Mapping[str, Any]] = []
    files: list[str] = []
    for one in messages:
        content = one.get("content")
        if isinstance(content, list):
            parts = [part for part in content if _is_file(part)]
            files += [_file_id(part) for part in parts]
            one = {**one, "content": [part for part in content if not _is_file(part)]}
        texts.append(one)
    return texts, files


def _is_file(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") in ("file", "input_file")


def _file_id(part: Mapping[str, Any]) -> str:
    file = part.get("file", part)
    file_id = file.get("file_id") if isinstance(file, Mapping) else None
    if not isinstance(file_id, str):
        raise Refusal(
            400,
            "A file part holds no file_id; upload the file to /v1/files, and name its id.",
            param="messages",
        )
    return file_id


def _sampling(body: ChatBody | CompletionBody, most: int | None, limits: Limits) -> Sampling:
    if most is not None and most > limits.tokens:
        raise Refusal(
            400,
            f"max_tokens is {most}; an answer may have {limits.tokens} tokens at most here.",
            code="max_tokens_too_large",
            param="max_tokens",
        )
    return Sampling(
        max_new_tokens=most or min(limits.usual_tokens, limits.tokens),
        temperature=body.temperature or 0.0,
        top_p=body.top_p or 1.0,
        seed=body.seed,
    )


def _kit(body: ChatBody) -> ToolKit | None:
    choice = body.tool_choice
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = str(function.get("name")) if isinstance(function, Mapping) else str(dict(choice))
    return ToolKit.of(body.tools, choice) if body.tools and choice != "none" else None


def _as_of(body: ChatBody | CompletionBody, book_id: str) -> str:
    if body.options.as_of and not book_id:
        raise Refusal(400, "as_of needs a book; name one as the model.", param="beacon")
    return body.options.as_of
