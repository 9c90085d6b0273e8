"""The server, several times behind one address: Ray Serve's replicas, each with a model.

The routes, keys and limits are those of one server; what was uploaded and read is on the shelf,
which all replicas share. Knows Ray Serve and the server's service.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from beacon_qa.cluster.connecting import Crew, quieten
from beacon_qa.cluster.job import Job
from beacon_qa.errors import ClusterError
from beacon_qa.keys import Keys
from beacon_qa.server.address import bound, check_host
from beacon_qa.server.app import create_app
from beacon_qa.server.limits import Limits
from beacon_qa.server.service import Service

_NAME = "beacon-qa"

_MORE = 32
"""Requests beside answers, such as looking at a file, that a replica takes at a time."""

_LOOK = 0.5
"""Seconds between two looks at the lease."""

_AFTER_CUT = 10
"""Seconds that a replica has to end after its answers were cut."""


class Replica:
    """One server of several; it ends what it does when the lease is over."""

    def __init__(self, job: Job, limits: Limits, keys: str | None) -> None:
        reader, self._lease = job.begin()
        self._service = Service(reader, Keys(Path(keys)) if keys else None, limits)
        self._closed = Event()
        Thread(target=self._watch, name="lease", daemon=True).start()

    def __serve_build_asgi_app__(self) -> Any:
        """What Ray Serve sends requests to."""
        return create_app(self._service)

    def __del__(self) -> None:
        """Keep what was read; Ray Serve calls it when all requests have ended."""
        self._closed.set()
        self._service.close()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK):
            if self._lease.over():
                self._service.end()
                return


@contextmanager
def replicas(
    job: Job, crew: Crew, limits: Limits, *, host: str, port: int, keys: Path | None
) -> Iterator[str]:
    """Serve at an address with a crew of replicas for the time of a block; yields the URL.

    The job's lease has to end before the block does: replicas then stop their readings and
    answers, and are waited for. Raises AccountError and ServerError for the address, ClusterError
    when the replicas do not start.
    """
    check_host(host, keys=keys is not None)
    with closing(bound(host, port)) as free:
        port = free.getsockname()[1]
    from ray import serve

    quieten()
    serve.start(http_options={"host": host, "port": port}, proxy_location="HeadOnly")
    try:
        try:
            serve.run(_deployment(serve, job, crew, limits, keys), name=_NAME, route_prefix="/")
        except RuntimeError as error:
            raise ClusterError(
                f"The replicas did not start; {_reason(error)} Ray's log of them tells more."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{port}/v1"
    finally:
        serve.shutdown()


def _deployment(serve: Any, job: Job, crew: Crew, limits: Limits, keys: Path | None) -> Any:
    served = serve.ingress()(Replica)
    deployment = serve.deployment(
        served,
        name="server",
        num_replicas=crew.workers,
        ray_actor_options=crew.each,
        # Those that wait are counted and refused by the server itself, in OpenAI's shape.
        max_ongoing_requests=limits.at_once + limits.queue + _MORE,
        graceful_shutdown_timeout_s=limits.drain + _AFTER_CUT,
        graceful_shutdown_wait_loop_s=0.5,
    )
    return deployment.bind(job, limits, str(keys) if keys else None)


def _reason(error: Exception) -> str:
    """The sentence of ours that is in the report of a replica, if there is one."""
    lines = [line.strip() for line in str(error).splitlines() if "beacon_qa.errors." in line]
    return lines[-1].partition(": ")[2] if lines else "no reason was told."
