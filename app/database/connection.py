"""The SDK's connection (3.0.0b10), and what its answers mean here."""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, TypeVar, cast

import stamina
from surrealdb import AsyncSurreal
from surrealdb.connections.async_ws import AsyncWsSurrealConnection as Connection
from surrealdb.errors import (
    NotAllowedError,
    NotFoundError,
    QueryError,
    ServerError,
    SurrealError,
    ThrownError,
)

from app.errors import ServiceError
from app.telemetry.metrics import CONFLICTS, CONNECTIONS

__all__ = [
    "Conflict",
    "Connection",
    "Missing",
    "Rejected",
    "SignInRefused",
    "Thrown",
    "answer",
    "close",
    "is_dropped",
    "new_connection",
    "open_connection",
    "until_no_race_is_lost",
]

T = TypeVar("T")


class Thrown(ServiceError):
    """A SurrealQL function refused with ``THROW 'code argument'``."""

    def __init__(self, thrown: str) -> None:
        super().__init__(thrown)
        self.code, _, self.argument = thrown.partition(" ")


class Conflict(ServiceError):
    """A transaction lost a race at its commit: nothing was written, it may be tried again."""


class Rejected(ServiceError):
    """The database cannot carry a statement out: a type, an ASSERT, an unknown function."""


class Missing(Rejected):
    """A table that a statement names is not there."""


class SignInRefused(ServiceError):
    """The database does not know this user, this password, or this way to sign in."""


def new_connection(url: str) -> Connection:
    """Make a connection that is not open yet; an embedded engine's takes the same calls."""
    # streaming needs server 3.3; before that every connection's first query is sent twice.
    return cast("Connection", AsyncSurreal(url, streaming=False))


async def open_connection(
    connection: Connection, *, credentials: dict[str, Any] | None, namespace: str, database: str
) -> None:
    """Connect, sign in where there are credentials, and choose the database.

    Raises:
        SignInRefused: as it says.

    """
    await connection.connect()
    if credentials is not None:
        try:
            await connection.signin(credentials)
        except ServerError as error:  # which one depends on the level
            raise SignInRefused(str(error)) from error
    # The first to use a database creates it: those who come together race for that.
    async for attempt in until_no_race_is_lost():
        with attempt:
            await _told_of_conflicts(connection.use(namespace, database))
    CONNECTIONS.inc()


async def close(connection: Connection) -> None:
    """Close, whatever state the connection is in."""
    with contextlib.suppress(SurrealError, OSError):
        await connection.close()


def is_dropped(connection: Connection) -> bool:
    """Tell whether the WebSocket has gone; undocumented in the SDK, hence its exact pin."""
    reader = connection.recv_task  # an embedded engine has none
    return reader is not None and (reader.done() or connection.socket is None)


def until_no_race_is_lost() -> AsyncIterator[stamina.Attempt]:
    """Try again after each :class:`Conflict`; the caller sets the deadline."""
    return stamina.retry_context(
        on=Conflict,
        attempts=None,
        timeout=None,
        wait_initial=0.002,
        wait_max=0.1,
        wait_jitter=0.02,
    )


async def answer(connection: Connection, statement: str, variables: Mapping[str, Any]) -> Any:
    """Return the result of a single statement.

    Raises:
        Thrown: a function refused.
        Conflict: the transaction lost a race.
        Missing: there is no such table.
        Rejected: the database cannot carry it out.

    """
    try:
        results = await _told_of_conflicts(connection.query(statement, dict(variables)))
    except ThrownError as error:
        raise Thrown(re.sub(r"^An error occurred: ", "", str(error))) from None
    except NotAllowedError as error:
        if "IAM error" not in str(error):  # nobody is signed in any more
            raise
        raise Rejected(f"SURREAL_USER may not do this: {error}") from error
    except NotFoundError as error:
        raise Missing(str(error)) from error
    except ServerError as error:
        raise Rejected(str(error)) from error
    return results[0]


async def _told_of_conflicts(call: Awaitable[T]) -> T:
    try:
        return await call
    except QueryError as error:
        if error.is_transaction_conflict:
            CONFLICTS.inc()
            raise Conflict(str(error)) from None
        raise
