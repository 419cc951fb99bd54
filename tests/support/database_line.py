"""A line to a database server that a test drops, holds back, or lets hang."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.support.sockets import serve_on_port


@dataclass
class DatabaseLine:
    """Forwards connections to the server. While ``open`` is not set, no answer passes."""

    server_port: int
    open: asyncio.Event = field(default_factory=asyncio.Event)
    connections: list[asyncio.StreamWriter] = field(default_factory=list)
    """Every connection so far."""
    hanging: set[asyncio.StreamWriter] = field(default_factory=set)
    """Connections on which no answer passes any more."""

    def drop(self) -> None:
        """Close every connection."""
        for connection in self.connections:
            connection.close()

    def hang(self) -> None:
        """Let the connections of now hang; later ones work."""
        self.hanging.update(self.connections)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        answers, requests = await asyncio.open_connection("127.0.0.1", self.server_port)

        async def forward_requests() -> None:
            with suppress(OSError):
                while chunk := await reader.read(65536):
                    requests.write(chunk)
            requests.close()

        async def forward_answers() -> None:
            with suppress(OSError):
                while chunk := await answers.read(65536):
                    await self.open.wait()
                    if writer not in self.hanging:
                        writer.write(chunk)
            writer.close()

        try:
            await asyncio.gather(forward_requests(), forward_answers())
        finally:
            requests.transport.abort()  # a server that reads no more must not keep it open
            with suppress(OSError):
                await requests.wait_closed()


@asynccontextmanager
async def database_line(server_port: int) -> AsyncIterator[tuple[DatabaseLine, str]]:
    """Serve a line that is open; yield it and its URL."""
    line = DatabaseLine(server_port)
    line.open.set()
    async with serve_on_port(line.serve) as port:
        yield line, f"ws://127.0.0.1:{port}"
        line.open.set()
        line.drop()
