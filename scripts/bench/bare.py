"""Baselines without our code: ``python -m scripts.bench.bare json|raw|waiting``.

``json`` is a route that answers a constant object, ``raw`` an ASGI application without Starlette
that answers constant bytes, and ``waiting`` a streamed response that sends one line and waits.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


def serve(app: ASGIApp) -> None:
    """Serve on ``PORT`` of 127.0.0.1 with the settings of :mod:`app.server.process`."""
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


async def _json(_request: Request) -> Response:
    return JSONResponse({"status": "pending"})


async def _waiting(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b": hello\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(body(), media_type="text/event-stream")


async def _raw(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return
    headers = [(b"content-length", b"20"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"status":"pending"}'})


if __name__ == "__main__":
    apps: dict[str, ASGIApp] = {
        "json": Starlette(routes=[Route("/json", _json), Route("/readyz", _json)]),
        "raw": _raw,
        "waiting": Starlette(routes=[Route("/waiting", _waiting), Route("/readyz", _json)]),
    }
    serve(apps[sys.argv[1]])
