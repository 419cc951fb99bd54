"""The middleware of every request: assigns an id, records timing, ensures an answer.

One layer of plain ASGI, because every poll passes through it.
"""

import asyncio
import re
from time import perf_counter

import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer_shutting_down
from app.telemetry.context import HEADER, request_id
from app.telemetry.metrics import METHODS, request_timer

NOSNIFF = (b"x-content-type-options", b"nosniff")

_HEADER = HEADER.lower().encode()
_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class RequestMiddleware:
    """Assigns a request id, records timing, and answers requests cut off by shutdown.

    The id is the sender's, or a new one. It is in the answer and in each line of the log, including
    lines of background tasks that the request starts. Requests without a route are timed as
    ``other``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0
        own_id = _given_id(scope) or uuid_utils.uuid4().hex.encode()
        scope["request_id"] = own_id.decode()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, own_id), NOSNIFF]
            await send(message)

        token = request_id.set(scope["request_id"])
        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            if status:
                raise
            await answer_shutting_down(scope, receive, send_with_id)
        finally:
            request_id.reset(token)
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            request_timer(method, route, status or 500).observe(perf_counter() - began)


def _given_id(scope: Scope) -> bytes | None:
    for header, value in scope["headers"]:
        if header == _HEADER and _ID.fullmatch(value):
            return bytes(value)
    return None
