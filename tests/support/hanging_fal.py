"""A fal that takes small images as it should, and usually never reads a large one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from tests.support.sockets import serve_on_port
from tests.support.stand_ins.fal_wire import UPLOAD_GRANT

SMALL = 100_000
"""Bytes of an upload that is taken."""
_QUEUED = {"status": "IN_QUEUE", "queue_position": 1}
_ANSWERS = {
    "/storage/auth/token": UPLOAD_GRANT,
    "/files/upload": {"access_url": "https://v3.fal.media/files/canvas.png"},
    "/status": _QUEUED,
}


@asynccontextmanager
async def hanging_fal(*, to_large_ones: str | None = None) -> AsyncIterator[int]:
    """Serve on a port, which is yielded, until the end.

    With ``to_large_ones``, large images are read, too, and answered with this status.
    """
    over = asyncio.Event()
    numbers = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            size = int(length[1]) if length else 0
            if size > SMALL and to_large_ones is None:
                await over.wait()
                return
            await reader.readexactly(size)
            path = head.split()[1].partition("?")[0]
            queued = {"request_id": f"request-{next(numbers)}", **_QUEUED}
            answer = next((_ANSWERS[end] for end in _ANSWERS if path.endswith(end)), queued)
            status = to_large_ones if size > SMALL else "200 OK"
            body = json.dumps(answer)
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()

    async with serve_on_port(serve) as port:
        try:
            yield port
        finally:
            over.set()
