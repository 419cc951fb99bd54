"""An answer is written at once: its head waits for the body, and for nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.server.protocol import BoundedHttpProtocol

SENT_LENGTH = [(b"content-length", b"5")]
Answer = Callable[[Send], Awaitable[None]]


class Wire(asyncio.Transport):
    """A transport that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def resume_reading(self) -> None:
        """Nothing is read."""


async def written(answer: Answer, request: bytes = b"GET / HTTP/1.1\r\n\r\n") -> Wire:
    """Let an application answer one request; return what was written, write by write."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send)

    config = uvicorn.Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    config.load()
    wire = Wire()
    connection = BoundedHttpProtocol(config=config, server_state=ServerState(), app_state={})
    connection.connection_made(wire)
    connection.data_received(request)
    await asyncio.gather(*connection.tasks)
    connection.connection_lost(None)
    return wire


async def start(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def body(send: Send, piece: bytes, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def test_head_and_body_of_known_length_are_one_write() -> None:
    async def answer(send: Send) -> None:
        await start(send, SENT_LENGTH)
        await body(send, b"hello")

    (only,) = (await written(answer)).writes
    assert only.startswith(b"HTTP/1.1 200 OK\r\n")
    assert only.endswith(b"\r\n\r\nhello")


async def test_later_pieces_are_written_as_they_come() -> None:
    async def answer(send: Send) -> None:
        await start(send, SENT_LENGTH)
        await body(send, b"he", more=True)
        await body(send, b"llo")

    first, second = (await written(answer)).writes
    assert first.endswith(b"\r\n\r\nhe")
    assert second == b"llo"


async def test_head_of_a_stream_does_not_wait() -> None:
    async def answer(send: Send) -> None:
        await start(send, [])
        await body(send, b"event", more=True)
        await body(send, b"")

    head, piece, end = (await written(answer)).writes
    assert head.endswith(b"\r\n\r\n")
    assert (piece, end) == (b"5\r\nevent\r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [(b"HEAD / HTTP/1.1", SENT_LENGTH), (b"GET / HTTP/1.1", [(b"content-length", b"0")])],
)
async def test_head_without_a_body_is_written(
    request_line: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    async def answer(send: Send) -> None:
        await start(send, headers)
        await body(send, b"")

    (only,) = [
        piece for piece in (await written(answer, request_line + b"\r\n\r\n")).writes if piece
    ]
    assert only.endswith(b"\r\n\r\n")


async def test_head_whose_body_never_comes_is_written_before_the_connection_closes() -> None:
    async def answer(send: Send) -> None:
        await start(send, SENT_LENGTH)

    wire = await written(answer)
    (only,) = wire.writes
    assert only.startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.closed
