"""Receiving a body within bounds: of bytes, of time, and of memory over all requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from app.api.under_way import requests_budget
from app.problems import InvalidJSON, Problem
from app.server.memory import MemoryBudget, too_busy

SMALLEST_IMAGE_SHARE = 10 * 1024 * 1024
"""Bytes for the images of one user."""
SHARES = 3
"""Users who can have the most at once."""
RECEIVING_BYTES = 256 * 1024
"""Memory for receiving one form."""
SILENCE = 20.0
"""Seconds without a byte after which the sender is considered gone or hostile."""
BODY_PATIENCE = 15.0
"""Seconds for any other body; fal waits no longer for the answer to its first webhook."""
DROPPED_BYTES = 64 * 1024 * 1024
"""A body up to this size is read to its end after a refusal, and dropped."""
HANG_UP = {"Connection": "close"}
"""Sent with a refusal: the rest of the body is not read."""


@dataclass(frozen=True, kw_only=True)
class RequestMemory:
    """What requests in progress may hold in memory."""

    receiving: MemoryBudget
    """Forms on their way, by user; the images themselves are on disk."""
    images: MemoryBudget
    """Start images, by user, until fal has them."""
    callbacks: MemoryBudget
    """Callbacks that are not verified yet."""
    pages: MemoryBudget
    """Pages of rows that are being read, by user."""
    requests: MemoryBudget
    """Requests that ask the database, by user."""

    @classmethod
    def for_images_of(cls, max_bytes: int) -> Self:
        """Return budgets that admit images of ``max_bytes``: at least one of each of two users."""
        per_user = max(SMALLEST_IMAGE_SHARE, max_bytes)
        return cls(
            receiving=MemoryBudget(64 * RECEIVING_BYTES, per_owner=8 * RECEIVING_BYTES),
            images=MemoryBudget(SHARES * per_user, per_owner=per_user),
            callbacks=MemoryBudget(12 * 1024 * 1024),
            pages=MemoryBudget(16 * 1024 * 1024, per_owner=4 * 1024 * 1024),
            requests=requests_budget(),
        )


@asynccontextmanager
async def reading_body(
    request: Request[Any], *, max_bytes: int, memory: MemoryBudget
) -> AsyncIterator[bytearray]:
    """Read a whole body, which has memory within the body of this.

    A body that arrives at once needs no room in ``memory``: nobody can take it away from those
    who send little.

    Raises:
        InvalidJSON: it is too large or too slow.
        TooBusy: there is no memory for it.

    """
    refusal = InvalidJSON("The body is too large.", headers=midway_headers(request.headers))
    receive = bounded(request, max_bytes, refusal, patience=BODY_PATIENCE)
    body, counted, more = bytearray(), 0, True
    try:
        while more:
            try:
                message = await receive()
            except TimeoutError as error:
                raise InvalidJSON("The body came too slowly.", headers=HANG_UP) from error
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk, more = message.get("body", b""), message.get("more_body", False)
            if more or body:
                if not memory.take(len(chunk)):
                    raise too_busy()
                counted += len(chunk)
            body += chunk
            del message, chunk
        yield body
    finally:
        memory.give_back(counted)


def midway_headers(headers: Headers) -> Mapping[str, str]:
    """Return what goes with a refusal in the middle of the body that has these headers.

    To hang up resets the connection, and a proxy that is still sending takes that for a service
    that is down: nginx answers 502. So the server drops the rest, unless it may be very long.
    """
    announced = headers.get("content-length", "")
    is_short = announced.isdecimal() and int(announced[:20]) <= DROPPED_BYTES
    return {} if is_short else HANG_UP


def bounded(request: Request[Any], max_bytes: int, refusal: Problem, *, patience: float) -> Receive:
    """Count the bytes that arrive, whatever Content-Length says.

    A read raises ``refusal`` beyond ``max_bytes``, or at once if Content-Length announces more,
    and TimeoutError after a silence or when the whole body takes longer than ``patience``.
    """
    left = max_bytes
    now = asyncio.get_running_loop().time
    end = now() + patience
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise refusal

    async def receive() -> Message:
        nonlocal left
        async with asyncio.timeout_at(min(end, now() + SILENCE)):
            message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise refusal
        return message

    return receive
