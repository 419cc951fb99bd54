"""``python -m scripts.bench.fal_client_alone PORT IMAGE COUNT``: fal-client without the service.

Uploads the image and submits a job with it, as fal-client's README does, ``COUNT`` times. The
requests go to the stand-in at ``PORT``. Prints the seconds of each, as JSON.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from unittest import mock

import fal_client
import httpx

from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_hosts import redirected

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
ARGUMENTS = {"prompt": "Night life, neon lights, slow dolly in", "duration": "5"}

Send = Callable[[httpx.AsyncHTTPTransport, httpx.Request], Awaitable[httpx.Response]]


def led_to(port: int, send: Send) -> Send:
    """Redirect the requests of httpx's transport to the stand-in."""

    async def led(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        return await send(transport, redirected(request, port))

    return led


async def measured(image: bytes, count: int) -> list[float]:
    """Return the seconds of each upload with its submit."""
    client = fal_client.AsyncClient(key=FalStandIn.key)
    seconds = []
    for _ in range(count):
        began = perf_counter()
        url = await client.upload(image, "image/png", "canvas.png")
        await client.submit(MODEL, {**ARGUMENTS, "image_url": url})
        seconds.append(perf_counter() - began)
    return seconds


def main(port: str, image: str, count: str) -> None:
    wire = httpx.AsyncHTTPTransport
    led = led_to(int(port), wire.handle_async_request)
    with mock.patch.object(wire, "handle_async_request", led):
        print(json.dumps(asyncio.run(measured(Path(image).read_bytes(), int(count)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
