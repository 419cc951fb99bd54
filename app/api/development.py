"""Protects a developer's machine, where nobody has to sign in, from other sites' pages.

A page of any site can make a browser send requests to this machine, and with DNS rebinding (a
name of its own that points to 127.0.0.1) it could read the answers too.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_problem
from app.problems import Forbidden
from app.setting_checks import is_loopback

_SIGN_IN = "since nobody has to sign in. Set AUTH_JWT_SECRET or AUTH_JWKS_URL to serve others."


class DevelopmentGuard:
    """Answers 403 to requests for another host, and to those that another site's page makes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = _reason_to_refuse(Request(scope)) if scope["type"] == "http" else None
        if reason is None:
            await self._app(scope, receive, send)
        else:
            await answer_problem(Forbidden(f"{reason}, {_SIGN_IN}"), scope, receive, send)


def _reason_to_refuse(request: Request) -> str | None:
    headers = request.headers
    hosts = headers.getlist("host")
    if not (hosts and all(_is_loopback(f"//{host}") for host in hosts)):
        return "Only requests to localhost or 127.0.0.1 are answered"
    origins, is_cross_site = (
        headers.getlist("origin"),
        headers.get("sec-fetch-site") == "cross-site",
    )
    # A link on any site may lead to the page: opening it changes nothing, and no script reads it.
    is_link = request.method == "GET" and headers.get("sec-fetch-dest") == "document"
    is_own = all(map(_is_loopback, origins)) if origins else is_link or not is_cross_site
    return None if is_own else "A page of another site may not call this service"


def _is_loopback(address: str) -> bool:
    """Return whether an address is this machine at any port, with nothing else around it."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    authority = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    # urlsplit also finds ::1 in "[::1].example.com", and localhost in "any@localhost".
    is_all = address.lower().partition("//")[2] == authority
    return is_all and (is_loopback(host) or host.endswith(".localhost"))
