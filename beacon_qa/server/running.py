"""A server at an address: run, and ended so that nothing is lost.

Knows uvicorn.
"""

from __future__ import annotations

import socket

import uvicorn

from beacon_qa.server.address import bound, check_host
from beacon_qa.server.app import create_app
from beacon_qa.server.service import Service

_AFTER_CUT = 5
"""Seconds that answers have to end after they were cut."""


class Server:
    """A service served at an address, which no one else can reach without a key."""

    def __init__(self, service: Service, host: str = "127.0.0.1", port: int = 0) -> None:
        check_host(host, keys=service.library.keys is not None)
        self._service = service
        self._socket = bound(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}/v1"
        config = uvicorn.Config(
            create_app(service),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=int(service.limits.drain) + _AFTER_CUT,
        )
        self._server = _Ending(config, service)

    def run(self) -> None:
        """Serve until `stop`, or a signal to end, and then until all is kept."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._service.close()
            self._socket.close()

    def stop(self) -> None:
        """Begin to end; may be called from any thread."""
        self._server.should_exit = True


class _Ending(uvicorn.Server):
    """Begins to end the service as soon as the server takes no more requests."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.end()
        await super().shutdown(sockets)
