"""Errors that the SDK was seen to raise when the database fails, injected below the adapter."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
from surrealdb.connections.async_ws import AsyncWsSurrealConnection
from surrealdb.errors import ServerError, UnexpectedResponseError, parse_query_error


def server_error(text: str, kind: str | None = None, detail: str | None = None) -> ServerError:
    """Return the error that the SDK makes of a statement's failure."""
    return parse_query_error({"result": text, "kind": kind, "details": {"kind": detail}})


FAILURES: list[Exception] = [
    server_error(  # measured on a full disk
        "There was a problem with a transaction: WAL error: IO error: kind=no storage space, "
        "message=No space left on device (os error 28)",
        "Query",
    ),
    server_error("IO error: Input/output error", "Internal"),
    server_error("The query was not executed because it exceeded the timeout: 1s", "Query"),
    server_error("Cancelled by the server", "Query", "Cancelled"),
    server_error("an error of a kind that does not exist yet", "Storage"),
    server_error("Error while processing event e: IO error: No space left on device", "Internal"),
    server_error("The session does not exist", "NotFound", "Session"),
    UnexpectedResponseError("could not decode a websocket frame: year 262142 is out of range"),
    ValueError("year 262142 is out of range"),
    OverflowError("date value out of range"),
    OSError(28, "No space left on device"),
    RuntimeError("the engine panicked"),
]
"""None is an answer: the call has to be tried again until the database is back."""

CONFLICTS: list[ServerError] = [
    server_error("Transaction write conflict", "Query", "TransactionConflict"),
    server_error("The transaction failed. This transaction can be retried"),
    server_error("There was a problem with the key-value store: Resource busy: ", "Internal"),
    server_error("Multiple key errors occurred: [KeyError { conflict: Some(WriteConflict {"),
]
"""In the words of SurrealKV, any engine, RocksDB and TiKV."""


@dataclass
class FailingSdk:
    """Raises ``errors`` in turn, instead of sending a statement, while ``failing`` is set."""

    errors: Iterator[Exception]
    failing: bool = False


def failing_sdk(monkeypatch: pytest.MonkeyPatch, errors: list[Exception] = FAILURES) -> FailingSdk:
    """Replace the SDK's ``query``; nothing fails yet."""
    sdk = FailingSdk(cycle(errors))
    send: Callable[..., Awaitable[Any]] = AsyncWsSurrealConnection.query

    async def query(self: AsyncWsSurrealConnection, *given: Any) -> Any:
        if sdk.failing:
            raise next(sdk.errors)
        return await send(self, *given)

    monkeypatch.setattr(AsyncWsSurrealConnection, "query", query)
    return sdk


class RaisingSdk:
    """Raises an error for the statements of one task, also of those that it has sent."""

    def __init__(self) -> None:
        self._error: ContextVar[tuple[Exception, bool] | None] = ContextVar("error", default=None)

    @contextmanager
    def raising(self, error: Exception, *, after: bool) -> Iterator[None]:
        """Raise ``error`` in the body, instead of sending a statement or ``after`` it."""
        token = self._error.set((error, after))
        try:
            yield
        finally:
            self._error.reset(token)

    async def query(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send a statement, unless an error is raised."""
        error, after = self._error.get() or (None, True)
        answer = await send() if after else None
        if error is not None:
            raise error
        return answer


def raising_sdk(monkeypatch: pytest.MonkeyPatch) -> RaisingSdk:
    """Replace the SDK's ``query``; nothing fails yet."""
    sdk = RaisingSdk()
    send: Callable[..., Awaitable[Any]] = AsyncWsSurrealConnection.query

    async def query(self: AsyncWsSurrealConnection, *given: Any) -> Any:
        return await sdk.query(lambda: send(self, *given))

    monkeypatch.setattr(AsyncWsSurrealConnection, "query", query)
    return sdk
