"""What the chat model and the text model have in common: their settings, and how a call begins.

Knows pydantic fields and LangChain's conventions for them; knows nothing of messages.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.caches import BaseCache
from langchain_core.globals import get_llm_cache
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat.dialogue import Message
from beacon_qa.chat.tools import ToolKit
from beacon_qa.evidence.looking import LookBack, check_look_back
from beacon_qa.langchain.call import Call, late
from beacon_qa.langchain.opening import BUILTIN, Opened, Wanted, check_model
from beacon_qa.reading import ReadingProgress

_LOG = logging.getLogger(__name__)


class BookSettings(BaseModel):
    """A model, how it answers, and the book it answers from; nothing is loaded by making one."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: str = BUILTIN
    """A checkpoint's folder or id; a Book brings its own model."""
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    """At most so many tokens an answer; None is 256."""
    seed: int | None = None
    timeout: float | None = None
    """Seconds a call may take, reading the book included if it was not read yet."""
    stop: list[str] | None = None
    look_back: LookBack | None = None
    """"auto" reads passages again before answering where they stand out, "on" always, "off" never;
    None is the model's own way, which is "auto" unless a Book's reader was given another."""
    max_retries: int = Field(default=2, ge=0)
    """How often a reading that failed on the disk or the shelf is taken up again."""
    streaming: bool = False
    bits: int | None = None
    device: str | None = None
    ratio: Literal["auto"] | int | list[int] = "auto"
    book: str | Book | None = None
    """A file, or the id or title of a book on the shelf, or a Book."""
    shelf: str | None = None
    """The shelf's folder; None is the user's own."""

    _opened: Opened = PrivateAttr(default_factory=Opened)

    @model_validator(mode="before")
    @classmethod
    def _name_strangers(cls, given: Any) -> Any:
        # LangChain hands any model its standard settings: one that is not known here is no error,
        # but may be a misspelt one.
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias)}
        for name in given if isinstance(given, dict) else ():
            if name not in known:
                _LOG.warning("%s has no setting called %r; it is passed over.", cls.__name__, name)
        return given

    @field_validator("model", "book", "shelf", mode="before")
    @classmethod
    def _path_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else value

    def with_book(self, book: str | Path | Book | None) -> Self:
        """The same model with another book, or with none."""
        return self._like(book=book)

    def read(self, on_progress: Callable[[ReadingProgress], None] | None = None) -> Book | None:
        """Read the book now, without a time limit; the first call does it otherwise."""
        return self._opened.open(self._wanted(), on_progress=on_progress)[1]

    def _read_in_time(self) -> None:
        """Read the book now, within the time of a call."""
        if self.timeout is None:
            self.read()
            return
        end = time.monotonic() + self.timeout
        _, book = self._opened.open(self._wanted(), lambda: time.monotonic() >= end)
        # A Book at hand is answered from as far as it goes.
        if book is not None and book is not self.book and not book.coverage.complete:
            raise late(self.timeout, f"reading {book.title}, which stands at {book.coverage}")

    def _like(self, **changes: Any) -> Self:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**given, **changes})

    def _wanted(self) -> Wanted:
        return Wanted(
            model=self.model,
            bits=self.bits,
            device=self.device,
            ratio=self.ratio,
            book=self.book,
            shelf=self.shelf,
            retries=self.max_retries,
        )

    def _for(self, model: str) -> Self:
        """This object, or one with another model when a call asks for it."""
        if model == self.model:
            return self
        check_model(self._wanted(), model)
        return self._like(model=model)

    def _new_call(
        self,
        messages: Sequence[Message],
        stop: Sequence[str] | None,
        options: dict[str, Any],
        kit: ToolKit | None = None,
    ) -> Call:
        """A call with the settings, or with those of `options` instead."""
        chosen = self._for(options.get("model") or self.model)
        settings = {
            name: getattr(self, name) if options.get(name) is None else options[name]
            for name in ("temperature", "top_p", "seed", "max_tokens", "timeout", "look_back")
        }
        timeout, look_back = settings.pop("timeout"), settings.pop("look_back")
        most = settings.pop("max_tokens")
        most = Sampling().max_new_tokens if most is None else most
        return Call(
            chosen._opened,
            chosen._wanted(),
            messages,
            sampling=Sampling(max_new_tokens=most, **settings),
            stop=self.stop or () if stop is None else stop,
            timeout=timeout,
            kit=kit,
            look_back=None if look_back is None else check_look_back(look_back),
        )

    @staticmethod
    def _caching(cache: BaseCache | bool | None) -> bool:
        """Whether LangChain will look an answer up; the key then has to know the memory's id."""
        return cache is not False and bool(cache or get_llm_cache())

    def _memory_id(self) -> str:
        """Which memory is answered from, so that no answer is taken for another book's.

        The book's name as it was given, until it is open.
        """
        book = self._opened.known(self._wanted())
        return f"{book.id}:{book.memory.tokens}" if book is not None else str(self.book or "")

    def _identity(self) -> dict[str, Any]:
        """All that decides what is answered."""
        reading, drawing = ("model", "bits", "ratio"), ("temperature", "top_p", "seed")
        names = (*reading, *drawing, "max_tokens", "stop", "look_back")
        return {**{name: getattr(self, name) for name in names}, "memory": self._memory_id()}
