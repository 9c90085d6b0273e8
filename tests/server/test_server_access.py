"""Who is let in to the server and who is not: keys, addresses, sizes; its command, its errors."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from clients import LONG, asked
from openai import OpenAI
from serving import PATIENCE, serving
from small_documents import make_document

from beacon_qa.cli import main
from beacon_qa.errors import AccountError, ServerError
from beacon_qa.keys import Keys
from beacon_qa.reader import Reader
from beacon_qa.server.address import bound, check_host
from beacon_qa.server.limits import Limits
from beacon_qa.server.service import Service


@pytest.fixture
def model(reader: Reader) -> str:
    """The name that a short book is asked by, which has been read."""
    return f"beacon:{reader.read(make_document(30)).id}"


def test_two_keys_have_shelves_of_their_own(reader: Reader, tmp_path: Path, model: str) -> None:
    keys = Keys(tmp_path / "keys")
    ada_key, bob_key = keys.new("ada"), keys.new("bob")
    with serving(reader, keys) as served:
        ada, bob = served.client(ada_key), served.client(bob_key)
        file: Any = ada.files.create(file=("whale.txt", LONG[:900]), purpose="user_data")
        file = ada.files.wait_for_processing(file.id, poll_interval=0.05)
        book = file.beacon["model"]
        assert [each.id for each in ada.models.list()][1:] == [book]
        assert asked(ada, book, max_tokens=2).choices
        assert list(bob.files.list()) == []
        assert len(list(bob.models.list())) == 1
        for refused in (bob.files.retrieve, bob.files.delete, bob.files.content):
            with pytest.raises(openai.NotFoundError):
                refused(file.id)
        for foreign in (book, model):
            with pytest.raises(openai.NotFoundError):
                asked(bob, foreign)
        assert ada.files.retrieve(file.id).status == "processed"


def test_who_has_no_key_is_let_in_nowhere_but_to_health(reader: Reader, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    key = keys.new("ada")
    with serving(reader, keys) as served:
        for wrong in ("bqa-wrong", key[:-1], "x"):
            with pytest.raises(openai.AuthenticationError, match="not known here"):
                served.client(wrong).models.list()
        for path in ("/v1/models", "/v1/files", "/metrics", "/nothing"):
            told = httpx.get(f"{served.root}{path}")
            assert told.status_code == 401
            assert told.json()["error"]["code"] == "invalid_api_key"
        assert httpx.get(f"{served.root}/health").status_code == 200
        assert len(list(served.client(key).models.list())) == 1
        keys.path.write_text("")
        with pytest.raises(openai.AuthenticationError):
            served.client(key).models.list()


def test_without_keys_other_addresses_and_other_sites_are_refused(reader: Reader) -> None:
    for host in ("0.0.0.0", "192.168.1.7", "::", "example.org", ""):
        with pytest.raises(AccountError, match="--new-key"):
            check_host(host, keys=False)
    for host in ("127.0.0.1", "localhost", "::1"):
        check_host(host, keys=False)
    with serving(reader) as served:
        models = f"{served.url}/models"
        for headers in (
            {"host": "evil.example"},
            {"host": "[bad"},
            {"origin": "https://evil.example"},
            {"origin": "http://[x"},
        ):
            told = httpx.get(models, headers=headers)
            assert (told.status_code, told.json()["error"]["code"]) == (403, "not_local")
        for headers in ({"host": "localhost:80"}, {"origin": "http://127.0.0.1:7860"}):
            assert httpx.get(models, headers=headers).status_code == 200


def test_a_file_of_keys_without_keys_lets_nobody_serve(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="No key is in"):
        Service(reader, Keys(tmp_path / "keys"))


def test_a_port_in_use_is_refused_with_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port}; it may be in use"):
            bound("127.0.0.1", port)


def test_bodies_that_are_too_large_are_refused(reader: Reader, model: str) -> None:
    with serving(reader, limits=Limits(body_bytes=5000, upload_bytes=9000)) as served:
        client = served.client()
        with pytest.raises(openai.APIStatusError, match="too large") as refused:
            asked(client, model, user="x" * 6000)
        assert refused.value.status_code == 413
        for size in (9001, 200_000):
            with pytest.raises(openai.APIStatusError, match="MB") as refused:
                client.files.create(file=("big.txt", b"x" * size), purpose="user_data")
            assert refused.value.status_code == 413
        pieces = iter([b"x" * 4000] * 3)
        assert httpx.post(f"{served.url}/chat/completions", content=pieces).status_code == 413
        assert list(client.files.list()) == []
        assert asked(client, model, max_tokens=2).choices


def test_what_nobody_foresaw_is_told_without_its_details(
    reader: Reader, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a detail")

    with serving(reader) as served:
        hook = reader.engine.model.register_forward_pre_hook(break_down)
        try:
            for stream in (False, True):
                with pytest.raises(openai.InternalServerError, match="log says what") as refused:
                    asked(served.client(), model, stream=stream)
                assert "a detail" not in str(refused.value)
        finally:
            hook.remove()
        assert "a detail" in caplog.text
        assert asked(served.client(), model, max_tokens=2).choices


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "beacon_qa", "serve", "--port", "0", "--shelf", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as program:
        assert program.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", program.stdout.readline())
        assert found is not None
        client = OpenAI(base_url=found[0], api_key="none")
        assert [each.id for each in client.models.list()] == ["built-in"]
        client.close()
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "others could reach the server"),
        (["--keys", "nothing"], "No key is in nothing"),
    ],
)
def test_the_command_refuses_with_one_sentence(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--port", "0", "--shelf", str(tmp_path / "shelf"), *words]) == 2
    assert said in capsys.readouterr().err
