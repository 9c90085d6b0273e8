"""The bodies of requests, as values whose types are checked.

Knows OpenAI's names for settings. What changes an answer and cannot be done here is refused, not
left out in silence; what changes nothing (`user`, `metadata`, `store` and the like) is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from beacon_qa.server.refusals import Refusal

_ONLY: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "logprobs": (False, 0),
    "top_logprobs": (0,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "web_search_options": (),
    "echo": (False,),
    "suffix": ("",),
}
"""Settings of which only these values can be had."""


class BeaconOptions(BaseModel):
    """Settings that only books have: `as_of` a page or chapter, and how to look back."""

    model_config = ConfigDict(extra="forbid")

    as_of: str = Field(default="", max_length=500)
    look_back: Literal["auto", "on", "narrow", "off"] | None = None


class StreamOptions(BaseModel):
    """What a stream tells beside the answer."""

    include_usage: bool = False


class _Body(BaseModel):
    """What chat and completions have in common."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=500)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    beacon: BeaconOptions | None = None

    @property
    def options(self) -> BeaconOptions:
        """The settings that only books have."""
        return self.beacon or BeaconOptions()

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings; raises Refusal for more than 16."""
        stops = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if len(stops) > 16:
            raise Refusal(400, f"stop has {len(stops)} strings; give 16 at most.", param="stop")
        return stops

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with the tokens that were used."""
        return self.stream_options is not None and self.stream_options.include_usage

    def check(self) -> None:
        """Raise Refusal for a setting that would change the answer and cannot be had."""
        for name, value in (self.model_extra or {}).items():
            known = _ONLY.get(name)
            if known is not None and value is not None and value not in known:
                only = f"leave it out, or send {known[0]!r}" if known else "leave it out"
                raise Refusal(
                    400,
                    f"{name} is {str(value)[:80]!r}, which is not supported here; {only}.",
                    code="unsupported_value",
                    param=name,
                )


class ChatBody(_Body):
    """The body of a request to /v1/chat/completions."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class CompletionBody(_Body):
    """The body of a request to /v1/completions; a prompt is one question."""

    prompt: str | list[str]
