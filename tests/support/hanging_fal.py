"""A fal that takes small images as it should, and never reads a large one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.sockets import serve_on_port
from tests.support.stand_ins.fal_wire import UPLOAD_GRANT

SMALL = 100_000
"""Bytes of an upload that is taken."""
_ANSWERS = {
    "/storage/auth/token": UPLOAD_GRANT,
    "/files/upload": {"access_url": "https://v3.fal.media/files/canvas.png"},
    "/status": {"status": "IN_QUEUE", "queue_position": 1},
}
_QUEUED = {"request_id": "request-1", "status": "IN_QUEUE", "queue_position": 1}


@asynccontextmanager
async def hanging_fal() -> AsyncIterator[int]:
    """Serve on a port, which is yielded, until the end."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            size = int(length[1]) if length else 0
            if size > SMALL:
                await over.wait()
                return
            await reader.readexactly(size)
            path = head.split()[1].partition("?")[0]
            answer = next((_ANSWERS[end] for end in _ANSWERS if path.endswith(end)), _QUEUED)
            body = json.dumps(answer).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async with serve_on_port(serve) as port:
        try:
            yield port
        finally:
            over.set()
