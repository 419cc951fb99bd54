"""A line of a given speed in front of a server of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 16 * 1024


class Line:
    """Passes so many bytes a second each way, for all connections together."""

    def __init__(self, bytes_per_second: float) -> None:
        self._speed = bytes_per_second

    @asynccontextmanager
    async def to(self, port: int) -> AsyncIterator[int]:
        """Yield the port at which the line to ``port`` begins."""
        there, back = _Way(self._speed), _Way(self._speed)

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(
                there.carry(reader, server_writer), back.carry(server_reader, writer)
            )

        server = await asyncio.start_server(connect, "127.0.0.1", limit=PIECE)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


class _Way:
    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._free_at = 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        now = asyncio.get_running_loop().time
        try:
            while piece := await reader.read(PIECE):
                self._free_at = max(self._free_at, now()) + len(piece) / self._speed
                await asyncio.sleep(self._free_at - now())
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
