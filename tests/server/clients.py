"""What clients ask the server in the tests, and how many of them have gone away."""

from __future__ import annotations

from typing import Any

from openai import OpenAI
from serving import Served
from small_documents import make_document

WHO: Any = {"role": "user", "content": "What does sentence 7 tell of?"}
LONG = make_document(500).text.encode()
WHICH: Any = {"role": "user", "content": "Which whale?"}


def asked(client: OpenAI, model: str, **options: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[WHICH], **options)


def gone(served: Served) -> float:
    """How many clients have gone away before their answer ended."""
    return served.number('beacon_answers_total{finish="gone"}')
