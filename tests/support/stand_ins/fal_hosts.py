"""fal's hosts, all served at one socket of this machine."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.fal.queue import LIMITS

QUEUE = "queue.fal.run"
REST = "rest.fal.ai"
CDN = "v3.fal.media"
BUCKET = "storage.googleapis.com"


def is_fal(host: str) -> bool:
    return host in {QUEUE, REST, "fal.media", BUCKET} or host.endswith(".fal.media")


def redirected(request: httpx.Request, port: int) -> httpx.Request:
    """Return the request with ``port`` of 127.0.0.1 as its target and the Host header unchanged."""
    return httpx.Request(
        request.method,
        request.url.copy_with(scheme="http", host="127.0.0.1", port=port),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions,
    )


class FalTransport(httpx.AsyncBaseTransport):
    """Sends requests for fal's hosts to ``port`` of 127.0.0.1 and refuses every other host."""

    def __init__(self, port: int, contacted_hosts: list[str] | None = None) -> None:
        self._port = port
        self._contacted_hosts = [] if contacted_hosts is None else contacted_hosts
        self._socket = httpx.AsyncHTTPTransport(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused; an empty one is made quickly
            limits=LIMITS,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not is_fal(request.url.host):
            self._contacted_hosts.append(request.url.host)
            raise httpx.ConnectError(f"{request.url.host} is not fal", request=request)
        return await self._socket.handle_async_request(redirected(request, self._port))

    async def aclose(self) -> None:
        await self._socket.aclose()


class Connections:
    """The open connections by the client's address, and how many were ever accepted."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}
        self.accepted = 0


@asynccontextmanager
async def served(app: ASGIApp, connections: Connections, port: int = 0) -> AsyncIterator[int]:
    """Serve ``app`` within this event loop and yield the port.

    This uses uvicorn's protocol without its server: the server would install signal handlers and
    takes tenths of a second to stop.
    """
    config = uvicorn.Config(
        app,
        http=H11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
    )
    config.load()
    state = ServerState()

    class Connection(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            connections.accepted += 1
            connections.open[transport.get_extra_info("peername")] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            connections.open.pop(self.transport.get_extra_info("peername"), None)

    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(config=config, server_state=state, app_state={}), "127.0.0.1", port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in list(connections.open.values()):
            transport.abort()
        for task in state.tasks:
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
