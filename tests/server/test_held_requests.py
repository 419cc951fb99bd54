"""A request is held, and counted, until it is answered, and no longer."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from unittest import mock

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.server import protocol
from app.server.memory import MemoryBudget
from app.server.protocol import BoundedHttpProtocol
from tests.support.memory import Tracing

LONG = b"a" * 30_000
END = b"\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: service\r\n"
REQUESTS = {
    "path": b"GET /" + LONG[:10_000] + b" HTTP/1.1" + END,
    "header": GET + b"X-Header: " + LONG + END,
    "headers": GET + b"\r\n".join([b"ab: cd"] * 190) + END,
    "body": GET + b"Content-Length: 30000" + END + LONG,
    "body before a request": GET
    + b"Transfer-Encoding: chunked\r\n\r\n7530\r\n%s\r\n0%s"
    % (LONG[4:] + END, END + GET + b"\r\n"),
}
ANSWER = b"HTTP/1.1 204 No Content" + END

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A server whose application reads no body, and answers when it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []
        config = uvicorn.Config(
            self._app,
            port=0,
            http=BoundedHttpProtocol,
            interface="asgi3",
            lifespan="off",
            log_config=None,
        )
        config.date_header = config.server_header = False
        self.server = uvicorn.Server(config)

    async def _app(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def sent(self, request: bytes) -> Line:
        """Send on a connection of its own."""
        port = self.server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.writers.append(writer)
        writer.write(request)
        return reader, writer

    async def until_under_way(self, requests: int) -> None:
        while len(self.server.server_state.tasks) != requests:  # noqa: ASYNC110 no event for it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    served = Served()
    with mock.patch.object(served.server, "capture_signals", nullcontext):
        task = asyncio.create_task(served.server.serve())
        while not served.server.started:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield served
        for writer in served.writers:
            writer.close()
        served.may_answer.set()
        served.server.should_exit = True
        await task


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as served:
        yield served


async def answer_all(served: Served, requests: list[bytes]) -> None:
    """Let requests be answered; their connections stay open."""
    for reader, _ in [await served.sent(request) for request in requests]:
        assert await reader.readexactly(len(ANSWER)) == ANSWER


async def is_closed(line: Line) -> bool:
    with suppress(ConnectionError):
        return await line[0].read() == b""
    return True


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_an_answered_request_is_not_held(tracing: Tracing, request_: bytes) -> None:
    assert tracing.process.submit(held_when_answered, request_).result() < 16_000


def held_when_answered(request: bytes) -> float:
    """Return the bytes that Python holds for each connection whose request is answered."""
    connections = 20

    async def held() -> int:
        async with serving() as served:
            served.may_answer.set()
            before, _ = tracemalloc.get_traced_memory()
            await answer_all(served, [request] * connections)
            after, _ = tracemalloc.get_traced_memory()
            return after - before

    tracemalloc.start()
    try:
        return asyncio.run(held()) / connections
    finally:
        tracemalloc.stop()


@pytest.fixture
def _room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_held", MemoryBudget(45_000))


@pytest.mark.usefixtures("_room_for_one")
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_a_request_counts_until_it_is_answered(served: Served, request_: bytes) -> None:
    await served.sent(request_)
    await served.until_under_way(1)
    small = await served.sent(GET + b"\r\n")
    assert await is_closed(await served.sent(request_))
    served.may_answer.set()
    assert await small[0].readexactly(len(ANSWER)) == ANSWER
    await served.until_under_way(0)
    await answer_all(served, [request_] * 3)


@pytest.mark.usefixtures("_room_for_one")
@pytest.mark.parametrize("kind", ["path", "header", "headers", "body"])
async def test_a_request_whose_sender_left_counts_while_it_is_under_way(
    served: Served, kind: str
) -> None:
    _, writer = await served.sent(REQUESTS[kind])
    await served.until_under_way(1)
    writer.transport.abort()
    while served.server.server_state.connections:  # noqa: ASYNC110 no event for it
        await asyncio.sleep(0.01)
    assert await is_closed(await served.sent(REQUESTS[kind]))
    served.may_answer.set()
    await served.until_under_way(0)
    await answer_all(served, [REQUESTS[kind]] * 3)
