"""An instance without a database: answers as the service's routes do, for tests of the proxy."""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


async def _anything(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"path": request.url.path, "bytes": len(body)})


async def _events(_request: Request) -> Response:
    async def stream() -> AsyncIterator[bytes]:
        yield b": first\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(stream(), media_type="text/event-stream")


app = Starlette(
    routes=[
        Route("/api/templates/video/events", _events),
        Route("/{path:path}", _anything, methods=["GET", "POST"]),
    ]
)
