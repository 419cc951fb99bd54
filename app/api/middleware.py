"""The middleware of every request but known polls: assigns an id, times it, ensures an answer."""

import asyncio
import logging
import re
from time import perf_counter
from typing import TYPE_CHECKING

import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import under_way
from app.api.problems import answer_shutting_down
from app.telemetry.context import HEADER, request_id
from app.telemetry.logs import digest_of_user
from app.telemetry.metrics import METHODS, request_timer

if TYPE_CHECKING:
    from app.api.tokens import Caller

log = logging.getLogger(__name__)

FREQUENT = {"/api/templates/video/status", "/healthz", "/readyz", "/metrics"}
"""Routes that programs call all the time; the metrics count them."""
NOSNIFF = (b"x-content-type-options", b"nosniff")

_HEADER = HEADER.lower().encode()
_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class RequestMiddleware:
    """Assigns a request id, records timing, and answers requests cut off by shutdown.

    The id is the sender's, or a new one. It is in the answer and in each line of the log, including
    lines of background tasks that the request starts. Requests without a route are timed as
    ``other``.
    """

    def __init__(self, app: ASGIApp, *, access_log: bool) -> None:
        self._app = app
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0
        own_id = id_header(scope)
        scope["request_id"] = own_id[1].decode()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                under_way.end(scope)
                status = message["status"]
                message["headers"] = [*message["headers"], own_id, NOSNIFF]
            await send(message)

        token = request_id.set(scope["request_id"])
        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            if status:
                raise
            await answer_shutting_down(scope, receive, send_with_id)
        finally:
            under_way.end(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            took = perf_counter() - began
            request_timer(method, route, status or 500).observe(took)
            if self._access_log and route not in FREQUENT:
                log_access(scope, method, route, status or 500, took)
        request_id.reset(token)  # not after a fault, which the server logs


def log_access(scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
    """Log a request by its route: its path may hold the token of a share page."""
    caller: Caller | None = scope.get("caller")
    user = digest_of_user(caller.user) if caller else "-"
    facts = {"method": method, "route": route, "status": status, "user": user}
    text = "%s %s %s in %.0f ms, user %s"
    log.info(text, method, route, status, seconds * 1000, user, extra=facts)


def id_header(scope: Scope) -> tuple[bytes, bytes]:
    """Return the header of the answer with the request's id: the sender's, or a new one."""
    for header, value in scope["headers"]:
        if header == _HEADER and _ID.fullmatch(value):
            return _HEADER, bytes(value)
    return _HEADER, uuid_utils.uuid4().hex.encode()
