"""Keys of programs that may use the server, and the hashes of them, in one private file.

Knows names, keys and the file; knows nothing of what a key may do. A line of the file is
`name:sha256:hash`: a key is withdrawn by deleting the line. A key is 256 random bits, which nobody
guesses: one round of a plain hash keeps it as well as a slow one would keep a password. The file is
read at each use, so that a change counts at once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from beacon_qa.errors import AccountError
from beacon_qa.shelf.storage import expanded, write_atomically

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BEGIN = "bqa-"
"""How every key begins, so that it is recognised where it should not be."""


class Keys:
    """The keys in a file; all methods raise AccountError when it cannot be used as it is.

    A file that is not there is one without keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = expanded(path)

    def names(self) -> list[str]:
        """Whose keys there are, in the order of the file."""
        return list(self._read())

    def new(self, name: str) -> str:
        """Make a key, which is told this once; an earlier one of this name ends."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"{name!r} cannot be a key's name; take 1 to 64 of the letters A to Z, digits "
                "and . _ @ -, beginning with a letter or digit."
            )
        key = _BEGIN + secrets.token_urlsafe(32)
        known = {**self._read(), name: _digest(key)}
        lines = "".join(f"{name}:sha256:{digest}\n" for name, digest in known.items())
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        write_atomically(self.path, lines.encode())
        return key

    def owner(self, key: str) -> str | None:
        """The name a key was made for, or None."""
        given = _digest(key)
        found = None
        # All are compared, so that the time tells nothing.
        for name, digest in self._read().items():
            if hmac.compare_digest(digest, given):
                found = name
        return found

    def _read(self) -> dict[str, str]:
        try:
            if os.name == "posix" and self.path.stat().st_mode & 0o077:
                raise AccountError(
                    f"The file of keys {self.path} can be read by others on this machine; run "
                    f"`chmod 600 {self.path}`."
                )
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from error
        return dict(self._parsed(line, number) for number, line in enumerate(lines, 1))

    def _parsed(self, line: str, number: int) -> tuple[str, str]:
        name, _, rest = line.partition(":")
        kind, _, digest = rest.partition(":")
        if not _NAME.fullmatch(name) or kind != "sha256" or not _DIGEST.fullmatch(digest):
            raise AccountError(
                f"Line {number} of the file of keys {self.path} is not a name and a hash; delete "
                "it, and make the key again with --new-key."
            )
        return name, digest

    def _unusable(self, error: Exception) -> AccountError:
        what = getattr(error, "strerror", None) or "it is not text"
        return AccountError(
            f"The file of keys {self.path} cannot be used ({what.lower()}); name another with "
            "--keys."
        )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
