"""Files handed to the server: uploaded, read, asked meanwhile, refused, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest
from brake import Brake
from clients import WHO
from documents.document_files import pdf
from openai import OpenAI
from small_documents import make_document

from beacon_qa.reader import Reader


@pytest.fixture
def reader(builtin: Reader) -> Reader:
    """The reader that is served."""
    return builtin


def upload(client: OpenAI, name: str, text: str | bytes, **options: Any) -> Any:
    """A file that is read to its end, or not readable."""
    data = text.encode() if isinstance(text, str) else text
    file = client.files.create(file=(name, data), purpose="user_data", **options)
    return client.files.wait_for_processing(file.id, poll_interval=0.05)


def test_a_file_is_uploaded_read_asked_and_deleted(client: OpenAI) -> None:
    text = "\n\n".join(f"On day {day} the mate counted {day * 7} barrels." for day in range(30))
    begun = client.files.create(file=("log/mate.txt", text.encode()), purpose="user_data")
    assert (begun.filename, begun.bytes) == ("mate.txt", len(text))
    assert begun.status in ("uploaded", "processing")
    file: Any = client.files.wait_for_processing(begun.id, poll_interval=0.05)
    assert (file.status, file.status_details) == ("processed", None)
    assert (file.beacon["title"], file.beacon["coverage"]) == ("mate", 1.0)
    assert client.files.create(file=("b.txt", text.encode()), purpose="user_data").id == file.id
    assert [each.id for each in client.files.list(limit=1)] == [file.id]

    parts: Any = [
        {"type": "text", "text": "How many barrels?"},
        {"type": "file", "file": {"file_id": file.id}},
    ]
    by_part = client.chat.completions.create(
        model="built-in", messages=[{"role": "user", "content": parts}], max_tokens=6
    )
    by_name = client.chat.completions.create(
        model=file.beacon["model"],
        messages=[{"role": "user", "content": "How many barrels?"}],
        max_tokens=6,
    )
    assert by_part.choices == by_name.choices
    assert client.files.delete(file.id).deleted
    assert file.beacon["model"] not in [each.id for each in client.models.list()]
    for gone in (client.files.retrieve, client.files.delete, client.files.content):
        with pytest.raises(openai.NotFoundError, match="was uploaded here"):
            gone(file.id)


def test_a_file_that_cannot_be_read_says_why_and_takes_its_password(client: OpenAI) -> None:
    data = pdf([["A secret whale."]], password="harpoon")
    file = upload(client, "secret.pdf", data)
    assert file.status == "error"
    assert "password" in file.status_details
    assert file.beacon["reason"] == file.status_details
    part: Any = {"role": "user", "content": [{"type": "file", "file": {"file_id": file.id}}]}
    with pytest.raises(openai.BadRequestError, match=r"secret\.pdf was not read"):
        client.chat.completions.create(model="built-in", messages=[part])
    opened = upload(client, "secret.pdf", data, extra_body={"password": "harpoon"})
    assert (opened.id, opened.status) == (file.id, "processed")


def test_a_book_is_asked_while_it_is_being_read(
    client: OpenAI, reader: Reader, tmp_path: Path
) -> None:
    text = make_document(400).text + "The end."
    with Brake(tmp_path / "brake").on(reader.engine.model) as brake:
        brake.hold(0)
        file: Any = client.files.create(file=("long.txt", text.encode()), purpose="assistants")
        named = {"type": "file", "file": {"file_id": file.id}}
        part: Any = [{"type": "text", "text": WHO["content"]}, named]
        asked: Any = {"model": "built-in", "messages": [{"role": "user", "content": part}]}
        with pytest.raises(openai.ConflictError, match="not read yet") as refused:
            client.chat.completions.create(**asked)
        assert refused.value.response.headers["retry-after"]
        brake.wait_until_held()
        brake.hold(3)
        brake.wait_until_held()
        told: Any = client.chat.completions.create(**asked, max_tokens=2)
        coverage = told.beacon["coverage"]
        assert coverage["windows"] == 3 < coverage["total_windows"]
        assert not coverage["complete"]
        assert told.usage.prompt_tokens_details.cached_tokens == coverage["tokens"]
        now: Any = client.files.retrieve(file.id)
        assert (now.status, now.beacon["state"]) == ("processing", "reading")
        assert now.beacon["seconds_left"] > 0
    assert client.files.delete(file.id).deleted
