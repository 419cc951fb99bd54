"""The SDK's connection (3.0.0b10): opening it and running a statement."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from typing import Any, TypeVar, cast

import stamina
from surrealdb import AsyncSurreal
from surrealdb.connections.async_ws import AsyncWsSurrealConnection as Connection
from surrealdb.errors import ServerError, SurrealError

from app.database.address import Address
from app.database.errors import SignInRefused, TransactionConflict
from app.database.refusals import refusal_of, translate
from app.telemetry.metrics import CONFLICTS, CONNECTIONS

__all__ = [
    "Connection",
    "close",
    "is_dropped",
    "new_connection",
    "open_connection",
    "run_statement",
]

T = TypeVar("T")


def new_connection(address: Address) -> Connection:
    """Return a connection that is not open yet; an embedded engine takes the same calls."""
    # Streaming needs server 3.3; older servers refuse each connection's first query, which the SDK
    # then sends again.
    return cast("Connection", AsyncSurreal(address.url, streaming=False))


async def open_connection(connection: Connection, address: Address) -> None:
    """Connect, sign in to a server, and choose the database.

    Raises:
        SignInRefused: wrong user, password or level.
        surrealdb.errors.SurrealError, OSError: the server does not answer, or the embedded store
            cannot be opened.

    """
    await connection.connect()
    if credentials := address.credentials:
        try:
            await connection.signin(credentials)
        except ServerError as error:  # its subclass depends on the level
            raise SignInRefused(str(error)) from error
    # The first USE creates the database, so concurrent first users conflict.
    async for attempt in _retry_conflicts():
        with attempt:
            await _raise_conflicts(connection.use(address.namespace, address.database))
    CONNECTIONS.inc()


async def close(connection: Connection) -> None:
    """Close the connection, whatever its state."""
    with contextlib.suppress(SurrealError, OSError):
        await connection.close()


def is_dropped(connection: Connection) -> bool:
    """Return whether the WebSocket is gone. The SDK is pinned because this is undocumented."""
    reader = connection.recv_task  # an embedded engine has none
    return reader is not None and (reader.done() or connection.socket is None)


async def run_statement(
    connection: Connection, statement: str, variables: Mapping[str, Any]
) -> Any:
    """Return the result of a single statement; a conflict is retried until the caller's deadline.

    Raises:
        Thrown: a function refused.
        TableMissing: the statement names a table that does not exist.
        StatementRejected: the database cannot carry it out.
        ConnectionLost: the connection broke or is no longer signed in.
        DatabaseUnavailable: the database failed in any other way.

    """
    async for attempt in _retry_conflicts():
        with attempt:
            return await _run_once(connection, statement, variables)
    raise AssertionError("stamina retries until a result or the deadline")


async def _run_once(connection: Connection, statement: str, variables: Mapping[str, Any]) -> Any:
    try:
        return (await _raise_conflicts(connection.query(statement, dict(variables))))[0]
    except TransactionConflict:
        raise
    except Exception as error:  # any: what the SDK raises for a disk or a line is not known
        if refusal := refusal_of(error):
            raise refusal from None  # it says what the SDK's error says, but for users
        raise translate(error) from error


def _retry_conflicts() -> AsyncIterator[stamina.Attempt]:
    return stamina.retry_context(
        on=TransactionConflict,
        attempts=None,
        timeout=None,
        wait_initial=0.002,
        wait_max=0.1,
        wait_jitter=0.02,
    )


async def _raise_conflicts(call: Awaitable[T]) -> T:
    """Raise ``TransactionConflict`` for the SDK's error, and count it."""
    try:
        with _heeded_cancellation():
            return await call
    except ServerError as error:
        if not isinstance(conflict := translate(error), TransactionConflict):
            raise
        CONFLICTS.inc()
        raise conflict from None


@contextlib.contextmanager
def _heeded_cancellation() -> Iterator[None]:
    """Raise a cancellation that the SDK swallowed, because an answer came at the same instant.

    It waits with ``asyncio.wait_for``, which does so before Python 3.12. A task that is a loop
    would never end.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError
