"""Read the members of a zip file without trusting what it says of itself.

Knows zip files and caps: on the number of members, on the bytes of one, on the bytes of all.
Nothing is ever written to disk. Knows nothing of what the members mean.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from types import TracebackType

from beacon_qa.errors import DamagedFile, LimitExceeded

_MOST_MEMBERS = 20_000
_LARGEST_MEMBER = 64 * 2**20
_MOST_BYTES = 512 * 2**20
_PIECE = 2**20
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    NotImplementedError,
    RuntimeError,
)


class Archive:
    """A zip file held in memory, read member by member within caps."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self._left = _MOST_BYTES
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
            self.members = tuple(self._zip.namelist())
        except _ZIP_ERRORS as error:
            raise DamagedFile(
                f"“{name}” is damaged: it is cut off or is not a whole zip container "
                f"({error}); get the file again."
            ) from error
        if len(self.members) > _MOST_MEMBERS:
            raise LimitExceeded(
                f"“{name}” holds {len(self.members):,} files and {_MOST_MEMBERS:,} are allowed; "
                "it does not look like a book."
            )

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def read(self, member: str) -> bytes:
        """Return a member's bytes.

        Raises DamagedFile when it is missing or broken, LimitExceeded when it unpacks to more
        than is allowed, whatever size it declares.
        """
        allowed = min(_LARGEST_MEMBER, self._left)
        data = self._bounded(member, allowed)
        if len(data) > allowed:
            raise LimitExceeded(
                f"“{member}” in “{self.name}” unpacks to more than {allowed:,} bytes; "
                "the file is not read, it may be made to fill the memory."
            )
        self._left -= len(data)
        return data

    def _bounded(self, member: str, allowed: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            with self._zip.open(member) as stream:
                while size <= allowed and (piece := stream.read(_PIECE)):
                    pieces.append(piece)
                    size += len(piece)
        except _ZIP_ERRORS as error:
            raise DamagedFile(
                f"“{member}” in “{self.name}” cannot be unpacked ({error}); get the file again."
            ) from error
        return b"".join(pieces)
