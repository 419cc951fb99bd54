"""Ports, and a server that sends exactly the bytes that a test gives it."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


PORTS = 20_000, 1_500
"""The first of all workers, and how many each has: below those that the system gives to anybody."""


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    first, each = PORTS
    # Another run of the tests on this machine begins elsewhere.
    return cycle(first + worker * each + (os.getpid() * 7 + n) % each for n in range(each))


_candidates = _ports()


def free_port() -> int:
    """Return a port that nobody else takes before the caller listens on it."""
    for port in _candidates:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the candidates never end")


def wait_for_port(port: int, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail(f"nothing listens on port {port}")


@asynccontextmanager
async def serve_on_port(serve: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve connections on a free port; at the end wait for those that are open."""
    connections = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    listener = await asyncio.start_server(handle, "127.0.0.1", ssl=tls)
    async with listener:
        yield listener.sockets[0].getsockname()[1]
    await asyncio.gather(*filter(None, connections))


@dataclass
class RawServer:
    """Sends every request the same bytes and closes the connection."""

    answer: bytes
    port: int = 0
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if "100-continue" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length := re.search(r"content-length: (\d+)", head, re.IGNORECASE):
            await reader.readexactly(int(length[1]))
        answer_head, blank, body = self.answer.partition(b"\r\n\r\n")
        writer.write(answer_head + blank + (b"" if head.startswith("HEAD") else body))
        await writer.drain()


@asynccontextmanager
async def raw_server(
    answer: bytes, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    server = RawServer(answer)
    async with serve_on_port(server.serve, tls=tls) as server.port:
        yield server
