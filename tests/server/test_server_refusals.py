"""Requests that the server cannot answer are refused in OpenAI's shape."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from clients import WHO
from openai import OpenAI
from serving import Served


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"model": "gpt-5"}, openai.NotFoundError, "no model 'gpt-5'"),
        ({"model": "beacon:../../x"}, openai.NotFoundError, "no model"),
        ({"n": 2}, openai.BadRequestError, "n is '2'"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format"),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
        ({"max_tokens": 10**6}, openai.BadRequestError, "4096 tokens at most"),
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "ghost", "content": "x"}]}, openai.BadRequestError, "ghost"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, openai.BadRequestError, "end with"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            openai.BadRequestError,
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            openai.BadRequestError,
            "file_id",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-0"}}]}
                ]
            },
            openai.NotFoundError,
            "file-0",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "look"}}]},
            openai.BadRequestError,
            "knows no tools",
        ),
        ({"extra_body": {"beacon": {"as_of": "page 1", "x": 1}}}, openai.BadRequestError, "beacon"),
        ({"extra_body": {"beacon": {"as_of": "page ²"}}}, openai.BadRequestError, "no page"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_cannot_be_answered_is_refused_in_openais_shape(
    client: OpenAI, model: str, change: dict[str, Any], error: type[openai.APIError], said: str
) -> None:
    for stream in (False, True):
        asked: Any = {"model": model, "messages": [WHO], "stream": stream, **change}
        with pytest.raises(error, match=said) as refused:
            client.chat.completions.create(**asked)
        assert set(refused.value.body) == {"message", "type", "param", "code"}  # type: ignore[call-overload]


def test_malformed_requests_are_refused_in_openais_shape(served: Served) -> None:
    chat = f"{served.url}/chat/completions"
    odd = [
        httpx.post(chat, content=b"{", headers={"content-type": "application/json"}),
        httpx.post(chat, content=b"model=x", headers={"content-type": "text/plain"}),
        httpx.post(chat, json=[]),
        httpx.get(f"{served.url}/files?limit=0"),
        httpx.post(f"{served.url}/files", files={"file": b"x"}, data={"purpose": "fine-tune"}),
    ]
    assert [each.status_code for each in odd] == [400] * 5
    missing = [httpx.get(f"{served.url}/nothing"), httpx.get(chat)]
    assert [each.status_code for each in missing] == [404, 405]
    for each in (*odd, *missing):
        assert each.json()["error"]["message"]
        assert each.headers["x-request-id"]


def test_what_other_clients_leave_empty_or_cut_is_taken(client: OpenAI, model: str) -> None:
    for more in ({"beacon": None}, {"beacon": {"as_of": ""}}):
        told = client.chat.completions.create(
            model=model, messages=[WHO], max_tokens=2, extra_body=more
        )
        assert told.choices
    url = f"{client.base_url}chat/completions"
    cut = (
        '{"model": "%s", "max_tokens": 2, "messages": [{"role": "user", "content": "a \\ud83d b"}]}'
    )
    told = httpx.post(url, content=cut % model, headers={"content-type": "application/json"})
    assert told.status_code == 200
