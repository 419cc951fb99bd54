"""A connection is closed if its peer sends too much, sends too slowly, or does not read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from unittest import mock

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.server import protocol
from app.server.protocol import MAX_HEAD_BYTES, BoundedHttpProtocol
from tests.support.process import forked

GET = b"GET / HTTP/1.1\r\nHost: service\r\n"
POST = b"POST / HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = 32 * 1024 * 1024
"""Bytes: more than the limit, one read and the buffers of two sockets together."""

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def large(_request: Request) -> Response:
    piece = b"a" * 65536

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(ENDLESS // len(piece)):
            yield piece

    return StreamingResponse(pieces())


@asynccontextmanager
async def running() -> AsyncIterator[uvicorn.Server]:
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"]), Route("/large", large)])
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    )
    with mock.patch.object(server, "capture_signals", nullcontext):
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield server
        server.should_exit = True
        await serving


def port_of(server: uvicorn.Server) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    async with running() as server:
        yield port_of(server)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served() as port:
        yield port


@pytest.fixture
async def line(port: int) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()


async def until_refused(line: Line, piece: bytes) -> bytes:
    """Send ``piece`` repeatedly until the connection is closed, and return the answer."""
    reader, writer = line
    sent = 0
    answer = asyncio.create_task(reader.read())
    while not answer.done():
        assert sent <= ENDLESS, "the connection is never closed"
        writer.write(piece)
        sent += len(piece)
        try:
            await writer.drain()
        except ConnectionError:
            break
        await asyncio.sleep(0)
    try:
        return await answer
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"GET /", b"a" * 4096),
        (GET, b"X-Header: " + b"a" * 1024 + b"\r\n"),
        (GET + b"X-Header: ", b"a" * 4096),
        (POST + b"5\r\nhello\r\n0\r\n", b"X-Trailer: " + b"a" * 1024 + b"\r\n"),
        (POST + b"5;extension=", b"a" * 4096),
    ],
    ids=["path", "headers", "value", "trailers", "chunk extension"],
)
async def test_an_endless_head_or_trailer_is_refused(
    line: Line, begun: bytes, piece: bytes
) -> None:
    line[1].write(begun)
    answer = await until_refused(line, piece)
    assert not answer or b" 400 " in answer.splitlines()[0]


async def test_trailers_are_not_kept(line: Line) -> None:
    reader, writer = line
    writer.write(POST + b"5\r\nhello\r\n0\r\n" + b"a:\r\n" * 10_000 + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_a_head_within_the_limit_is_accepted(line: Line) -> None:
    reader, writer = line
    writer.write(GET + b"X-Header: " + b"a" * (MAX_HEAD_BYTES - 200) + b"\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_the_frames_of_a_body_in_small_chunks_do_not_count_as_head(line: Line) -> None:
    reader, writer = line
    chunks = MAX_HEAD_BYTES // 4
    writer.write(POST)
    for _ in range(chunks):
        writer.write(b"1\r\na\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(len(str(chunks))) == str(chunks).encode()


async def test_each_request_on_a_connection_has_its_own_limit(line: Line) -> None:
    reader, writer = line
    for _ in range(3):
        writer.write(GET + b"X-Header: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        await reader.readexactly(1)


async def test_pipelined_requests_are_answered_in_order(line: Line) -> None:
    reader, writer = line
    writer.write((GET + b"\r\n") * 2 + GET + b"Connection: close\r\n\r\n")
    assert (await reader.read()).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET, GET + b"\r\n" + GET])
async def test_an_incomplete_head_closes_the_connection(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answers = (await reader.read()).count(
            b"HTTP/1.1 200"
        )  # returns when the connection is closed
        assert answers == sent.count(b"\r\n\r\n")
        writer.close()


@pytest.mark.parametrize(
    ("request_", "rest"),
    [
        (GET + b"\r\n", b"\r\n"),
        (GET + b"Content-Length: 9\r\n\r\n", b"x"),
        (POST.replace(b"/ ", b"/none "), b"0\r\nx:"),
    ],
    ids=["empty line", "late body", "half a trailer"],
)
async def test_bytes_after_an_answer_that_begin_no_request_close_the_connection(
    monkeypatch: pytest.MonkeyPatch, request_: bytes, rest: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_.replace(b"GET / ", b"GET /none "))
        await reader.readuntil(b"Not Found")
        writer.write(rest)
        await reader.read()  # returns when the connection is closed
        writer.close()


async def test_a_peer_that_does_not_read_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALL_SECONDS", 0.05)
    async with running() as server:
        with socket.create_connection(("127.0.0.1", port_of(server))) as peer:
            peer.sendall(GET.replace(b"/", b"/large", 1) + b"\r\n")
            for wanted in (1, 0):
                while len(server.server_state.connections) != wanted:  # noqa: ASYNC110 no event
                    await asyncio.sleep(0.01)
            with peer.makefile("rb") as answer:
                assert len(answer.read()) < ENDLESS


async def test_a_slow_body_does_not_close_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST)
        await asyncio.sleep(1)  # twice HEAD_SECONDS
        writer.write(b"0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.usefixtures("store_url")
async def test_the_service_uses_this_protocol(tmp_path: Path) -> None:
    with forked(tmp_path, "app") as process:
        process.until_ready()
        port = int(process.url.rpartition(":")[2])
        line = await asyncio.open_connection("127.0.0.1", port)
        line[1].write(b"GET /")
        answer = await until_refused(line, b"a" * 4096)
        assert not answer or b" 400 " in answer.splitlines()[0]
        line[1].close()
