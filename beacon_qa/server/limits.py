"""What a server gives to one request, and to all of them.

Knows numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds.

    An answer has `tokens` at most, and `usual_tokens` where the request does not say. It takes
    `seconds`, waiting included. `at_once` answers are told at a time and `queue` more wait; when
    the server ends, those being told have `drain` seconds left.
    """

    upload_bytes: int = 100 * 2**20
    body_bytes: int = 8 * 2**20
    tokens: int = 4096
    usual_tokens: int = 256
    seconds: float = 600.0
    at_once: int = 16
    queue: int = 64
    drain: float = 10.0
