"""Users who may log in, and the hashes of their passwords, in one private file.

Knows names, passwords and the file; knows nothing of what a user may do. A line of the file is
`name:scrypt:n:r:p:salt:hash`, numbers in decimal and bytes in hexadecimal: a user is removed by
deleting the line. The file is read at each use, so that a change counts at once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from beacon_qa.errors import AccountError
from beacon_qa.shelf.storage import expanded, write_atomically

SHORTEST_PASSWORD = 8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_LOG2_N, _R, _P = 15, 8, 1
"""scrypt's costs: 32 MB and about a tenth of a second."""


@dataclass(frozen=True)
class _Hash:
    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> _Hash:
        salt = secrets.token_bytes(16)
        return cls(2**_LOG2_N, _R, _P, salt, _scrypt(password, salt, 2**_LOG2_N, _R, _P))

    @classmethod
    def parse(cls, fields: list[str]) -> _Hash:
        kind, n, r, p, salt, digest = fields
        if kind != "scrypt":
            raise ValueError(kind)
        return cls(int(n), int(r), int(p), bytes.fromhex(salt), bytes.fromhex(digest))

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(
            self.digest, _scrypt(password, self.salt, self.n, self.r, self.p)
        )

    def __str__(self) -> str:
        return f"scrypt:{self.n}:{self.r}:{self.p}:{self.salt.hex()}:{self.digest.hex()}"


class Accounts:
    """The users in a file; all methods raise AccountError when it cannot be used as it is."""

    def __init__(self, path: Path) -> None:
        self.path = expanded(path)
        # One at a time: a flood of log-ins must not take the machine's memory.
        self._one = Lock()
        self._nobody = _Hash.of(secrets.token_hex(16))

    def names(self) -> list[str]:
        """All users, in the order of the file."""
        return list(self._read())

    def knows(self, name: str) -> bool:
        """Whether there is a user of this name."""
        return name in self._read()

    def check(self, name: str, password: str) -> bool:
        """Whether this is the user's password; takes as long for a user who does not exist."""
        known = self._read().get(name)
        with self._one:
            fits = (known or self._nobody).fits(password)
        return fits and known is not None

    def add(self, name: str, password: str) -> None:
        """Add a user, or change the password of one; the file is made when it is not there."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"{name!r} cannot be a user's name; take 1 to 64 of the letters A to Z, digits "
                "and . _ @ -, beginning with a letter or digit."
            )
        if len(password) < SHORTEST_PASSWORD:
            raise AccountError(
                f"A password of {len(password)} characters is too easily guessed; take "
                f"{SHORTEST_PASSWORD} or more."
            )
        users = self._read() if self.path.exists() else {}
        users[name] = _Hash.of(password)
        lines = "".join(f"{user}:{hashed}\n" for user, hashed in users.items())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.path, error) from error
        write_atomically(self.path, lines.encode())

    def _read(self) -> dict[str, _Hash]:
        try:
            if os.name == "posix" and self.path.stat().st_mode & 0o077:
                raise AccountError(
                    f"The file of users {self.path} can be read by others on this machine; run "
                    f"`chmod 600 {self.path}`."
                )
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(self.path, error) from error
        return dict(_parsed(line, number, self.path) for number, line in enumerate(lines, 1))


def _parsed(line: str, number: int, path: Path) -> tuple[str, _Hash]:
    name, *fields = line.split(":")
    try:
        return name, _Hash.parse(fields)
    except ValueError as error:
        raise AccountError(
            f"Line {number} of the file of users {path} is not a user and a hash; delete it, and "
            "add the user again with --add-user."
        ) from error


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2 * 128 * n * r, dklen=32
    )


def _unusable(path: Path, error: Exception) -> AccountError:
    what = getattr(error, "strerror", None) or "it is not text"
    return AccountError(
        f"The file of users {path} cannot be used ({what.lower()}); make one with "
        f"`python app.py --auth {path} --add-user NAME`."
    )
