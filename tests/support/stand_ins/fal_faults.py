"""Faults of fal, one class each; tests add them to ``FalStandIn.faults``.

A fault receives the effect of a call, which happens only when the fault calls it, and the
connection of the call. It returns the response.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Effect = Callable[[], Response]


class Fault(Protocol):
    async def __call__(self, effect: Effect, connection: asyncio.Transport, /) -> ASGIApp: ...


class Faults:
    """The faults of the next calls, by the name of the call."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[Fault]] = defaultdict(list)
        self._lasting: dict[str, Fault] = {}

    def add(self, name: str, fault: Fault, times: int | None = 1) -> None:
        """Apply ``fault`` to the next ``times`` calls, or with None to all until ``clear``."""
        if times is None:
            self._lasting[name] = fault
        else:
            self._waiting[name] += [fault] * times

    def clear(self) -> None:
        self._waiting.clear()
        self._lasting.clear()

    def take(self, name: str) -> Fault:
        if waiting := self._waiting[name]:
            return waiting.pop(0)
        return self._lasting.get(name, no_fault)


async def no_fault(effect: Effect, _connection: asyncio.Transport) -> ASGIApp:
    return effect()


@dataclass(frozen=True)
class Answer:
    """Answer with this, without the effect."""

    status: int
    body: bytes | str | dict[str, Any] | list[Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, _effect: Effect, _connection: asyncio.Transport) -> ASGIApp:
        body = self.body if isinstance(self.body, bytes | str) else json.dumps(self.body)
        return Response(body, self.status, self.headers)


NGINX_BAD_GATEWAY = Answer(
    502, "<html><center>nginx</center></html>", {"Content-Type": "text/html"}
)
NO_VIDEO = Answer(200, "<html>not a video</html>", {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer, before the effect or after it."""

    after_effect: bool = False

    async def __call__(self, effect: Effect, connection: asyncio.Transport) -> ASGIApp:
        if self.after_effect:
            effect()
        connection.abort()
        return _until_disconnected


@dataclass
class Hang:
    """Answer when ``released`` is set; ``reached`` is set while a call hangs."""

    after_effect: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, effect: Effect, connection: asyncio.Transport) -> ASGIApp:
        response = effect() if self.after_effect else None
        self.reached.set()
        await self.released.wait()
        if connection.is_closing():
            return _until_disconnected
        return response or effect()


@dataclass(frozen=True)
class Late:
    """Wait ``seconds``, then carry out the call and answer it."""

    seconds: float

    async def __call__(self, effect: Effect, _connection: asyncio.Transport) -> ASGIApp:
        await asyncio.sleep(self.seconds)
        return effect()


class Alter:
    """Carry out the call and change fields of the answer; None removes a field."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields

    async def __call__(self, effect: Effect, _connection: asyncio.Transport) -> ASGIApp:
        response = effect()
        answer = {**json.loads(bytes(response.body)), **self._fields}
        kept = {name: value for name, value in answer.items() if value is not None}
        return Response(json.dumps(kept), response.status_code, media_type="application/json")


@dataclass(frozen=True)
class Truncate:
    """Announce the whole body, send all but its last ``missing`` bytes, and close."""

    missing: int = 1

    async def __call__(self, effect: Effect, connection: asyncio.Transport) -> ASGIApp:
        response = effect()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            start = {"type": "http.response.start", "status": response.status_code}
            await send({**start, "headers": response.raw_headers})
            part = bytes(response.body)[: -self.missing]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            connection.close()
            await _until_disconnected(scope, receive, send)

        return answer


@dataclass
class Pause:
    """Announce the whole body and send its first ``after`` bytes; the rest when ``released``."""

    after: int
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, effect: Effect, _connection: asyncio.Transport) -> ASGIApp:
        response = effect()

        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            start = {"type": "http.response.start", "status": response.status_code}
            await send({**start, "headers": response.raw_headers})
            body = bytes(response.body)
            first, rest = body[: self.after], body[self.after :]
            await send({"type": "http.response.body", "body": first, "more_body": True})
            await self.released.wait()
            await send({"type": "http.response.body", "body": rest})

        return answer


class Endless:
    """Send an endless body until the client disconnects."""

    async def __call__(self, _effect: Effect, connection: asyncio.Transport) -> ASGIApp:
        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            headers = [(b"content-type", b"video/mp4")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while not connection.is_closing():
                chunk = {"type": "http.response.body", "body": bytes(65536), "more_body": True}
                await send(chunk)
                await asyncio.sleep(0)

        return answer


async def _until_disconnected(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
