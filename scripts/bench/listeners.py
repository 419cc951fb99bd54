"""Browsers that listen, in a process of their own: thousands of sockets, and no more than that.

``python -m scripts.bench.listeners URL STREAMS USERS WORD`` opens its streams, spread evenly over
the users. It says ``open`` once each has its first line, and then the monotonic time at which the
last of them read ``WORD``; it listens on until it is killed.
"""

import asyncio
import sys
import time

import httpx

from tests.support.tokens import bearer

AT_ONCE = 100
"""Streams that are being opened beside each other."""
OK = b"HTTP/1.1 200 "
FIRST_LINE = b": hello"


class Browser(asyncio.Protocol):
    """One stream: it asks, and knows when its first line and its word have come."""

    def __init__(self, request: bytes, word: bytes) -> None:
        self._request = request
        self._word = word
        self.begun = asyncio.get_running_loop().create_future()
        self.told = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/") and not data.startswith(OK):
            raise SystemExit(data.decode())
        if FIRST_LINE in data:
            self.begun.set_result(None)
        if self._word in data:
            self.told.set_result(None)


async def listen(url: str, streams: int, users: int, word: bytes) -> None:
    """Open every stream, and tell when each has begun and when each was told the word."""
    at = httpx.URL(url)
    requests = [
        f"GET {at.raw_path.decode()} HTTP/1.1\r\nHost: {at.netloc.decode()}\r\n"
        f"Authorization: {bearer(f'user-{number}')['Authorization']}\r\n\r\n".encode()
        for number in range(users)
    ]
    gate = asyncio.Semaphore(AT_ONCE)

    async def opened(number: int) -> Browser:
        async with gate:
            browser = Browser(requests[number % users], word)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: browser, at.host, at.port or 80)
            await browser.begun
            return browser

    browsers = await asyncio.gather(*map(opened, range(streams)))
    print("open", flush=True)
    for browser in browsers:
        await browser.told
    print(time.monotonic(), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    url, streams, users, word = sys.argv[1:]
    asyncio.run(listen(url, int(streams), int(users), word.encode()))
