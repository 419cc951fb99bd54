"""Thousands of event streams, in a process of their own.

``python -m scripts.bench.listeners URL STREAMS USERS TEXT`` opens the streams, spread evenly over
the users. It prints ``open`` once each has its first line, and then the monotonic time at which the
last of them read ``TEXT``. It runs until it is killed.
"""

import asyncio
import sys
import time

import httpx

from tests.support.tokens import bearer

AT_ONCE = 100
"""Streams that are opened concurrently."""
OK = b"HTTP/1.1 200 "
FIRST_LINE = b": hello"


class Browser(asyncio.Protocol):
    """One stream; its futures resolve when the first line and when ``text`` has arrived."""

    def __init__(self, request: bytes, text: bytes) -> None:
        self._request = request
        self._text = text
        self.begun = asyncio.get_running_loop().create_future()
        self.received = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/") and not data.startswith(OK):
            raise SystemExit(data.decode())
        if FIRST_LINE in data:
            self.begun.set_result(None)
        if self._text in data:
            self.received.set_result(None)


async def listen(url: str, streams: int, users: int, text: bytes) -> None:
    """Open every stream; print when all have begun and when all have received ``text``."""
    at = httpx.URL(url)
    requests = [
        f"GET {at.raw_path.decode()} HTTP/1.1\r\nHost: {at.netloc.decode()}\r\n"
        f"Authorization: {bearer(f'user-{number}')['Authorization']}\r\n\r\n".encode()
        for number in range(users)
    ]
    gate = asyncio.Semaphore(AT_ONCE)

    async def opened(number: int) -> Browser:
        async with gate:
            browser = Browser(requests[number % users], text)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: browser, at.host, at.port or 80)
            await browser.begun
            return browser

    browsers = await asyncio.gather(*map(opened, range(streams)))
    print("open", flush=True)
    for browser in browsers:
        await browser.received
    print(time.monotonic(), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    url, streams, users, text = sys.argv[1:]
    asyncio.run(listen(url, int(streams), int(users), text.encode()))
