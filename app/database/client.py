"""Calls to SurrealDB over the process's one connection, embedded or over WebSocket.

After a drop the SDK (3.0.0b10) reopens a WebSocket without signing in, and every later call fails
with "Anonymous access not allowed". So a connection is replaced after a drop and never reused. An
embedded engine cannot drop; it is opened once.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Self, cast

from surrealdb.errors import (
    ConnectionUnavailableError,
    NotAllowedError,
    SurrealError,
    TransportError,
    TransportTimeoutError,
)

from app import times
from app.database.address import Address
from app.database.connection import (
    Connection,
    close,
    is_dropped,
    new_connection,
    open_connection,
    run_statement,
)
from app.database.errors import AnswerTimedOut, SignInRefused
from app.errors import ConfigurationError, DatabaseUnavailable
from app.telemetry.seam import Seam, direct

OPEN_DEADLINE = 30.0
"""Seconds for the first connection: an embedded engine was seen to tidy its files for 14 s."""
UNUSABLE = (TransportError, SignInRefused, NotAllowedError, OSError)
"""Errors after which a connection is replaced. ``OSError`` includes ``TimeoutError``."""


class Database:
    """Calls to one database. Each call has a deadline, and conflicts are retried until then.

    After a ``DatabaseUnavailable`` a write may or may not have been carried out.
    """

    def __init__(
        self, address: Address, *, seam: Seam = direct, deadline: float = times.DATABASE_CALL
    ) -> None:
        self.address = address
        self._seam = seam
        self._deadline = deadline
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConfigurationError: the sign-in is refused, or the embedded store cannot be opened.
            DatabaseUnavailable: the server does not answer within 30 s.

        """
        try:
            async with asyncio.timeout(OPEN_DEADLINE):
                await self._connected()
        except (SignInRefused, SurrealError, OSError) as error:
            raise _unopened(self.address, error) from error
        return self

    async def __aexit__(self, *_exc: object) -> None:
        async with self._lock:
            connection, self._connection = self._connection, None
            self._closed = True
        if connection is not None:
            self._close_later(connection)
        if self._closing:
            # An embedded engine must be closed; a server that hangs must not delay the exit.
            timeout = None if self.address.embedded else times.DATABASE_CLOSE
            await asyncio.wait(self._closing, timeout=timeout)
        if self.address.embedded:
            await asyncio.sleep(times.ENGINE_EXIT)

    async def call(self, function: str, *arguments: Any) -> Any:
        """Return the result of ``fn::function``; one call is one transaction.

        Raises:
            Thrown: the function refused.
            StatementRejected: the database cannot carry it out.
            DatabaseUnavailable: no answer in time; the call may have been carried out.

        """
        names = [f"a{index}" for index in range(len(arguments))]
        statement = f"RETURN fn::{function}({', '.join(f'${name}' for name in names)})"
        variables = dict(zip(names, arguments, strict=True))
        return await self._seam(f"db.{function}", lambda: self._run(statement, variables))

    async def query(self, statement: str, **variables: Any) -> Any:
        """Return the result of a single statement; raises as :meth:`call` does."""
        return await self._seam("db.query", lambda: self._run(statement, variables))

    async def run_script(self, script: str, **variables: Any) -> list[dict[str, Any]]:
        """Run several statements unchanged and return the raw status and result of each.

        There is no deadline and no retry, and a statement that fails raises nothing.

        Raises:
            ConfigurationError: the script cannot be parsed.
            AnswerTimedOut: no answer from a server within 30 s.
            DatabaseUnavailable: the connection broke; the script may have been carried out.

        """
        connection: Connection | None = None
        try:
            connection = await self._connected()
            results = await connection.query_raw(script, variables)
        except TransportTimeoutError as error:
            raise AnswerTimedOut from error
        except UNUSABLE as error:
            self._discard(connection)
            raise DatabaseUnavailable from error
        if "result" not in results:
            raise ConfigurationError(f"SurrealQL error: {results['error'].get('message')}")
        return cast("list[dict[str, Any]]", results["result"])

    async def check(self) -> None:
        """Write a value and read it back: a write that a role forbids fails silently.

        Raises:
            ConfigurationError: the user may not write.
            DatabaseUnavailable: as for :meth:`call`.

        """
        written = await self.query(
            "RETURN (UPSERT ONLY probe:start SET nonce = rand::ulid()).nonce"
        )
        if not written:
            raise ConfigurationError(
                f"SurrealDB user {self.address.user!r} may not write to "
                f"{self.address.place}: give it the role EDITOR, "
                "or the record access of docs/deploy.md"
            )

    async def _run(self, statement: str, variables: Mapping[str, Any]) -> Any:
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._deadline):
                connection = await self._connected()
                return await run_statement(connection, statement, variables)
        except UNUSABLE as error:
            self._discard(connection)
            raise DatabaseUnavailable from error

    async def _connected(self) -> Connection:
        async with self._lock:
            if self._connection is None or is_dropped(self._connection):
                self._connection = await self._opened()
            return self._connection

    async def _opened(self) -> Connection:
        if self._closed:
            raise ConnectionUnavailableError("the database has been closed")
        connection = new_connection(self.address)
        try:
            await open_connection(connection, self.address)
        except BaseException:  # also when the caller is cancelled: nothing may stay half open
            self._close_later(connection)
            raise
        return connection

    def _discard(self, connection: Connection | None) -> None:
        """Drop the connection so that the next call reconnects. Embedded engines are kept."""
        if self.address.embedded or connection is None or connection is not self._connection:
            return
        self._connection = None
        self._close_later(connection)

    def _close_later(self, connection: Connection) -> None:
        # Closing waits up to 10 s for a server that hangs; no caller waits for that.
        task = asyncio.create_task(close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _unopened(address: Address, error: Exception) -> ConfigurationError | DatabaseUnavailable:
    """Say why the first connection failed and which settings to check."""
    if isinstance(error, SignInRefused | NotAllowedError):
        return ConfigurationError(
            f"SurrealDB at {address.url} refused the sign-in of {address.user!r} "
            f"as a {address.level} user of {address.place}: check SURREAL_USER, "
            "SURREAL_PASSWORD and SURREAL_USER_LEVEL, SURREAL_NAMESPACE and SURREAL_DATABASE, "
            "and whether it was migrated"
        )
    if "locked" in str(error):
        return ConfigurationError(
            f"{address.url} is in use by another process: stop it first, or run a "
            "SurrealDB server and set SURREAL_URL=ws://…"
        )
    if address.embedded:
        return ConfigurationError(
            f"{address.url} cannot be opened: {error}. SURREAL_URL must name a folder "
            "that this user may write, on a disk with room"
        )
    return DatabaseUnavailable(
        f"SurrealDB at {address.url} does not answer: {str(error) or 'it hangs'}. "
        "Is SURREAL_URL right and the server up?"
    )
