"""Where a server may listen: at this machine alone, or anywhere once keys are needed.

Knows addresses and sockets; loads nothing else.
"""

from __future__ import annotations

import ipaddress
import logging
import socket

from beacon_qa.errors import AccountError, ServerError

_LOG = logging.getLogger(__name__)

_BACKLOG = 256


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def check_host(host: str, keys: bool) -> None:
    """Raise AccountError for an address that others can reach when no key is needed."""
    if not keys and not is_loopback(host):
        raise AccountError(
            f"At {host} others could reach the server; make keys for those who may with --new-key "
            "NAME, or leave --host out."
        )


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises ServerError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        _LOG.info("the server did not start: %s", error)
        raise ServerError(
            f"The server cannot listen at {host}, port {port}; it may be in use: name another "
            "with --port, or 0 for a free one."
        ) from error
