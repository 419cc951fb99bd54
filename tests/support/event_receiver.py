"""A receiver of events on a real socket, which checks every signature."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import uvicorn
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "whsec_ZXZlbnRzLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM="
NEXT_SECRET = "whsec_dGhlLW5leHQtZXZlbnRzLXNlY3JldC1vZi10aGUtdGVzdHM="
PATH = "/events"


@dataclass(frozen=True)
class Told:
    """One attempt that reached the receiver."""

    message_id: str
    event: dict[str, Any]
    headers: dict[str, str]
    body: bytes

    @property
    def job_id(self) -> str:
        return str(self.event["data"]["jobId"])


Answer = Callable[[Told], Awaitable[Response]]


async def taken(_: Told) -> Response:
    return Response(status_code=204)


@dataclass
class EventReceiver:
    """Records what it is told; ``answer`` decides what it says."""

    url: str = ""
    secret: str = SECRET
    told: list[Told] = field(default_factory=list)
    answer: Answer = taken

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service that tells it."""
        return {"events_url": self.url, "events_secret": self.secret}

    def answer_with(self, status: int, **headers: str) -> None:
        async def answered(_: Told) -> Response:
            return Response(status_code=status, headers=headers)

        self.answer = answered

    def hang(self) -> asyncio.Event:
        """Answer nobody until the returned event is set."""
        released = asyncio.Event()

        async def hangs(told: Told) -> Response:
            await released.wait()
            return await taken(told)

        self.answer = hangs
        return released

    async def _receive(self, request: Request) -> Response:
        body, headers = await request.body(), dict(request.headers)
        event = Webhook(self.secret).verify(body, headers)
        told = Told(headers["webhook-id"], event, headers, body)
        self.told.append(told)
        return await self.answer(told)


@asynccontextmanager
async def event_receiver(port: int = 0) -> AsyncIterator[EventReceiver]:
    """Run a receiver; one with the same port takes the place of one that has ended."""
    receiver = EventReceiver()
    app = Starlette(routes=[Route(PATH, receiver._receive, methods=["POST"])])
    config = uvicorn.Config(
        app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with mock.patch.object(server, "capture_signals", nullcontext):
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0.01)
        receiver.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
        try:
            yield receiver
        finally:
            server.should_exit = True
            await serving
