"""Which answers pages of other origins may read.

No cookies: a page sends its token in ``Authorization``, so a foreign page cannot borrow a session.
"""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.telemetry.context import HEADER

MAX_AGE = 3600
"""Seconds for which a browser does not repeat its question about a route."""


def cors(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """Return ``app`` for pages of these origins as well; ``app/web`` uses these headers."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Idempotency-Key", "Last-Event-ID", HEADER],
        expose_headers=["Location", "Retry-After", "Idempotent-Replayed", HEADER],
        max_age=MAX_AGE,
    )
