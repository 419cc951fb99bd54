"""What holds for every request: it has a name, it is timed, and it is answered.

One layer of plain ASGI, since every poll passes it.
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

_NAME = HEADER.lower().encode()
_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class Requests:
    """Names each request, as its sender does or anew, in its answer and in the log.

    What a request starts in the background keeps its name. One that the end of the service cuts
    off is told so. The time is counted by route; what has none is counted under ``other``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0
        name = _given(scope) or uuid_utils.uuid4().hex.encode()
        scope["request_id"] = name.decode()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_NAME, name), NOSNIFF]
            await send(message)

        token = request_id.set(scope["request_id"])
        try:
            await self._app(scope, receive, named)
        except asyncio.CancelledError:
            if status:
                raise
            await answer_shutting_down(scope, receive, named)
        finally:
            request_id.reset(token)
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            request_timer(method, route, status or 500).observe(perf_counter() - began)


def _given(scope: Scope) -> bytes | None:
    for header, value in scope["headers"]:
        if header == _NAME and _ID.fullmatch(value):
            return bytes(value)
    return None
