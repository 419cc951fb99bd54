"""Errors as answers in the shape of RFC 9457."""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler, Receive, Scope, Send

from app.api.service import shutting_down
from app.errors import StorageUnavailable
from app.problems import InternalError, MethodNotAllowed, NotFound, Problem, StorageAway

log = logging.getLogger(__name__)


async def answer_shutting_down(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that the shutdown interrupted, as an ASGI application."""
    await answer_problem(shutting_down(), scope, receive, send)


async def answer_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that reaches no route."""
    answer = await _problem(Request(scope), problem)
    await answer(scope, receive, send)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem), "registered for nothing else"
    # The frames that raised it hold the image or the callback, and its client may read slowly.
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return JSONResponse(
        error.to_json(),
        status_code=error.status,
        headers={"Cache-Control": "no-store", **error.headers},
        media_type="application/problem+json",
    )


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for nothing else"
    kind = MethodNotAllowed if error.status_code == MethodNotAllowed.status else NotFound
    detail = f"{request.method} {request.url.path}: {error.detail}."
    return await _problem(request, kind(detail, headers=error.headers))


async def _storage_away(request: Request, error: Exception) -> Response:
    log.warning("The storage does not answer: %s", error)
    return await _problem(request, StorageAway("The storage does not answer.", retry_after=2))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # the client has gone


async def _fault(request: Request, _error: Exception) -> Response:
    fault = InternalError("Something went wrong here; the error has been logged.")
    return await _problem(request, fault)


HANDLERS: Mapping[Any, ExceptionHandler] = {
    Problem: _problem,
    StorageUnavailable: _storage_away,
    HTTPException: _http_exception,
    ClientDisconnect: _gone,
    Exception: _fault,
}
