"""Records each request as a span."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry.metrics import METHODS
from app.telemetry.traces import request_span

FIRST_FAULT = 500
"""The lowest status that is an error of the service; a client's mistakes are none."""


class TraceMiddleware:
    """Names the span by the route: paths hold tokens of share pages and users' folders."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        with request_span(method, Headers(scope=scope)) as span:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= FIRST_FAULT:
                        span.set_attribute("error.type", str(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, send_and_note)
            finally:
                span.set_attribute("http.request.method", method)
                span.set_attribute("request.id", scope["request_id"])
                if route := getattr(scope.get("route"), "path", None):
                    span.set_attribute("http.route", route)
                    span.update_name(f"{method} {route}")
