"""Lines to fal whose opening takes time, as a TLS handshake over the internet does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

HANDSHAKE = 0.06
"""Seconds until a new line carries its first byte."""
PIECE = 64 * 1024


@asynccontextmanager
async def slow_lines(port: int) -> AsyncIterator[int]:
    """Relay a port of 127.0.0.1, which is yielded, to ``port``."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(HANDSHAKE)
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    with closing(server):
        yield server.sockets[0].getsockname()[1]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        return  # one end has gone, so the other is closed as well
    finally:
        writer.close()
