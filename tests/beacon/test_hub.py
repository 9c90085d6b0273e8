"""A name of a model: a folder here, or an id that a hub may know, in reach or not."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.beacon.hub import only_here
from beacon_qa.errors import ModelError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts whose address was asked for, of which none has one; there is no proxy."""
    hosts: list[str] = []

    def unknown(host: str, *_: Any, **__: Any) -> None:
        hosts.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    return hosts


def test_a_folder_is_only_here(tmp_path: Path, asked: list[str]) -> None:
    assert only_here(str(tmp_path))
    assert asked == []


@pytest.mark.parametrize("name", ["./nowhere", "../nowhere", "/no/where", "~/nowhere", "a/b/c"])
def test_a_path_that_is_no_folder_is_refused_and_the_hub_is_not_asked(
    name: str, asked: list[str]
) -> None:
    with pytest.raises(ModelError, match="is not there; give the folder"):
        only_here(name)
    assert asked == []


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(ModelError, match="is a file; give the folder"):
        only_here(str(file))


@pytest.mark.parametrize("load", [load_model, load_tokenizer])
def test_without_a_network_the_hub_is_not_asked_again_and_again(
    load: Any, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connected(*_: Any, **__: Any) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(socket.socket, "connect", connected)
    with pytest.raises(ModelError, match="could be loaded from 'nobody/nothing'"):
        load("nobody/nothing")
    assert set(asked) == {"huggingface.co"}


def test_behind_a_proxy_only_the_proxy_knows(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert not only_here("nobody/nothing")
    assert asked == []
