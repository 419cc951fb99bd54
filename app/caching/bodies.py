"""Reads the bodies of answers within a bound, whether they are compressed or not."""

import zlib
from collections.abc import AsyncIterator

import httpx

INFLATED_BYTES = 64 * 1024
"""Held at once."""


async def read_body(response: httpx.Response, *, max_bytes: int) -> bytes:
    """Return the body, inflated if it is gzip: some stores send that to everyone.

    Raises:
        ValueError: it is larger than ``max_bytes``, of another encoding, or no gzip.
        httpx.RequestError: it is cut short.

    """
    body = bytearray()
    async for piece in _pieces(response):
        body += piece
        if len(body) > max_bytes:
            raise ValueError(f"more than {max_bytes:,} bytes")
    return bytes(body)


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield bounded pieces: httpx inflates a piece whole, to its thousandfold and more."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        async for piece in response.aiter_bytes():
            yield piece
        return
    if encoding != "gzip":
        raise ValueError(f"encoded as {encoding}")
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    async for piece in response.aiter_raw():
        rest = piece
        while rest:
            try:
                yield inflater.decompress(rest, INFLATED_BYTES)
            except zlib.error as error:
                raise ValueError("not gzip") from error
            rest = inflater.unconsumed_tail
