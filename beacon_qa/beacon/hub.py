"""Whether a checkpoint is a folder here, or a name that a model hub may know.

Without a network the library asks the hub again and again for each of its files, for more than a
minute. Knows names, folders and the hub's host; knows nothing of what a checkpoint holds.
"""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub.constants import ENDPOINT

from beacon_qa.errors import ModelError

_PATHS = (".", "/", "~", "\\")


def only_here(name: str) -> bool:
    """Whether all there can be of a checkpoint is on this machine: a folder, or the hub's cache.

    Raises ModelError for a path where no folder is.
    """
    if Path(name).is_dir():
        return True
    if name.startswith(_PATHS) or name.count("/") > 1 or Path(name).exists():
        what = "is a file" if Path(name).exists() else "is not there"
        raise ModelError(f"{name} {what}; give the folder of a checkpoint, or a model's id.")
    return not _hub_in_reach()


def _hub_in_reach() -> bool:
    """Whether the hub's host has an address; behind a proxy only that knows."""
    if getproxies():
        return True
    try:
        socket.getaddrinfo(urlsplit(ENDPOINT).hostname, urlsplit(ENDPOINT).port or 443)
    except OSError:
        return False
    return True
