"""Ports, and a server that sends exactly the bytes that a test gives it."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


BLOCKS = range(10_000, 31_000, 1_500)
"""The first port of each block: below those that the system gives to anybody."""


@cache
def _reserved_block() -> tuple[socket.socket, Iterator[int]]:
    """Return ports that only this process gives out, and what keeps others from them.

    Several workers, and several runs of the tests, share a machine.
    """
    for first in BLOCKS:
        guard = socket.socket()
        try:
            guard.bind(("127.0.0.1", first))
        except OSError:
            guard.close()
        else:
            return guard, cycle(range(first + 1, first + BLOCKS.step))
    raise RuntimeError("every block of ports is taken: are other runs of the tests under way?")


def free_port() -> int:
    """Return a port that nobody else takes before the caller listens on it."""
    _, candidates = _reserved_block()
    for port in candidates:
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
