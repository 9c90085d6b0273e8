"""A real server on a free port of this machine, in a thread, and what is asked of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from openai import OpenAI

from beacon_qa.keys import Keys
from beacon_qa.reader import Reader
from beacon_qa.server.limits import Limits
from beacon_qa.server.running import Server
from beacon_qa.server.service import Service

PATIENCE = 60.0


class Served:
    """A server that runs: its address, and the means to look at it from outside and to end it."""

    def __init__(self, reader: Reader, keys: Keys | None, limits: Limits | None) -> None:
        service = Service(reader, keys, limits)
        self.server = Server(service)
        self.desk = service.desk
        self.url = self.server.url
        self.root = self.url.removesuffix("/v1")
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()

    def client(self, key: str = "none", **options: Any) -> OpenAI:
        """OpenAI's client, which asks once unless told otherwise."""
        return OpenAI(base_url=self.url, api_key=key, **{"max_retries": 0, **options})

    def number(self, name: str) -> float:
        """A number of /metrics; 0 where it is not told yet."""
        text = httpx.get(f"{self.root}/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def end(self) -> None:
        """End it, and wait for that."""
        self.server.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@contextmanager
def serving(
    reader: Reader, keys: Keys | None = None, limits: Limits | None = None
) -> Iterator[Served]:
    """A server for the time of a block."""
    served = Served(reader, keys, limits)
    try:
        yield served
    finally:
        served.end()


def until(met: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if seen := met():
            return seen
        time.sleep(0.02)
    raise AssertionError("it did not come to that")
