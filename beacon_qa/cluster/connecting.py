"""Ray itself: found, connected to, and divided among a fixed number of workers.

Nothing is sent to Ray's makers, and no dashboard is opened. Knows Ray's start and end; knows
nothing of books.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from beacon_qa.errors import ClusterError

HERE = "local"
"""The address that means: start a cluster of this machine alone."""

_STORE_BYTES = 256 * 2**20
"""Ray's store for what workers send each other: names and sentences here, never memories."""

_SETTINGS = {
    # Ray's own logs tell it; on standard error it would stand among our sentences.
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # A busy machine may take its time.
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "300",
}
"""Settings of Ray's that it takes from the environment, unless they are there already."""

_TRIES = 3
"""How often a cluster of this machine is started: Ray gives a busy machine 30 seconds."""

_KNOCK = 10.0
"""Seconds to wait for a cluster to take a connection."""

_FEW_CPUS = 4
"""Processors of a worker without a GPU, where nobody says how many workers there are to be."""


@dataclass(frozen=True)
class Crew:
    """How many workers there are, and what each of them has."""

    workers: int
    cpus: int
    gpus: int

    @property
    def each(self) -> dict[str, int]:
        """The share of one, in Ray's words."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


@contextmanager
def connected(address: str = HERE, *, cpus: int | None = None) -> Iterator[Any]:
    """Ray, connected to a cluster: a new one of this machine, or that at an address.

    A new one has all processors of the machine, or as many as `cpus`. One that is connected to
    already is used, and left as it is. Raises ClusterError when Ray is not installed, or there is
    no cluster.
    """
    # Ray reads these when it starts.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if address == HERE and "RAY_AUTH_MODE" not in os.environ:
        # Ray listens at all addresses of a machine, and does what it is told there.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            "Ray is not installed; `pip install 'beacon-qa[ray]'` brings it, or leave --engine "
            "ray out."
        ) from error
    ours = not ray.is_initialized()
    quieten()
    try:
        _knock(address)
        if ours:
            _start(ray, address, cpus)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"There is no Ray cluster at {address} ({_first_line(error)}); start one with `ray "
            "start --head`, or leave --cluster out to work on this machine alone."
        ) from error
    try:
        yield ray
    finally:
        if ours:
            ray.shutdown()


def _start(ray: Any, address: str, cpus: int | None) -> None:
    for left in reversed(range(_TRIES if address == HERE else 1)):
        try:
            ray.init(address=address, **_settings(address, cpus))
            return
        except Exception as error:
            ray.shutdown()
            if not left:
                raise ConnectionError(_first_line(error)) from error


def _knock(address: str) -> None:
    """Raise OSError when nobody is at a HOST:PORT, for which Ray would wait for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()


def quieten() -> None:
    """Let only errors of Ray's through; what it has to tell is told by us."""
    for name in ("ray", "ray.data", "ray.serve"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _settings(address: str, cpus: int | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == HERE:
        settings |= {
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_node_ip_address": "127.0.0.1",  # others cannot reach it
        }
    return settings


def crew(nodes: Sequence[dict[str, Any]], workers: int | None, *, spread: bool = False) -> Crew:
    """Divide a cluster: a worker a GPU, or, without any, one for every four processors.

    `nodes` are Ray's, `workers` the number that is asked for. `spread` gives a worker several
    GPUs, for a model that is larger than one. Raises ClusterError when there are too few.
    """
    alive = [node.get("Resources", {}) for node in nodes if node.get("Alive", True)]
    gpus = [int(node.get("GPU", 0)) for node in alive]
    cpus = [int(node.get("CPU", 0)) for node in alive]
    kind, have = ("GPU", gpus) if sum(gpus) else ("processor", cpus)
    many = workers or (1 if spread else sum(gpus)) or max(1, sum(cpus) // _FEW_CPUS)
    share = _largest_share(have, many)
    if not share:
        raise ClusterError(
            f"The cluster has {sum(have)} {kind}s, and {many} workers were asked for; take fewer "
            "with --workers."
        )
    if kind == "GPU":
        return Crew(many, 1, share if spread else 1)
    return Crew(many, share, 0)


def _largest_share(have: Sequence[int], workers: int) -> int:
    """How many each worker gets, when none is split between machines; 0 when there are too few."""
    for share in range(max(have, default=0), 0, -1):
        if sum(one // share for one in have) >= workers:
            return share
    return 0


def _first_line(error: Exception) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
