"""Calls to SurrealDB over the process's one connection, embedded or over WebSocket."""

import asyncio
from collections.abc import Mapping
from typing import Any, Self, cast

from surrealdb.errors import NotAllowedError, SurrealError, TransportTimeoutError, parse_rpc_error

from app import times
from app.database.address import Address
from app.database.connection import Connection, run_statement
from app.database.errors import (
    AnswerTimedOut,
    ConnectionLost,
    SignInRefused,
    StatementRejected,
    StoreLocked,
)
from app.database.refusals import translate
from app.database.shared_connection import SharedConnection
from app.errors import ConfigurationError, ServiceError
from app.problems import DatabaseUnavailable
from app.telemetry.seam import Seam, direct

AT_ONCE = 64
"""Calls under way at once; others wait. Each holds some 100 KiB in the embedded engine, and
more of them are not faster."""


class Database:
    """Calls to one database. Each call has a deadline, and conflicts are retried until then.

    After a ``DatabaseUnavailable`` a write may or may not have been carried out.
    """

    def __init__(
        self, address: Address, *, seam: Seam = direct, deadline: float | None = None
    ) -> None:
        self.address = address
        self._seam = seam
        self._deadline = times.DATABASE_CALL if deadline is None else deadline
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._shared = SharedConnection(address)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConfigurationError: the sign-in is refused, or the embedded store cannot be opened.
            DatabaseUnavailable: the server does not answer within 30 s.

        """
        try:
            await self._shared.open()
        except (SignInRefused, SurrealError, OSError) as error:
            await self._shared.close()  # nobody else will: the body of the "async with" never runs
            raise _unopened(self.address, error) from error
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._shared.close()

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
        connection = await self._shared.get()
        try:
            results = await connection.query_raw(script, variables)
        except TransportTimeoutError as error:
            raise AnswerTimedOut from error
        except Exception as error:  # any: what the SDK raises for a disk or a line is not known
            raise self._failure(error, connection) from error
        if "result" not in results:
            failure = self._failure(parse_rpc_error(results["error"]), connection)
            if isinstance(failure, StatementRejected):
                raise ConfigurationError(f"SurrealQL error: {failure}")
            raise failure
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
            async with asyncio.timeout(self._deadline), self._turns:
                connection = await self._shared.get()
                return await run_statement(connection, statement, variables)
        except TimeoutError as error:
            if connection is not None:
                self._shared.check(connection)
            raise DatabaseUnavailable from error
        except ConnectionLost:
            if connection is not None:
                self._shared.discard(connection)
            raise

    def _failure(self, error: Exception, connection: Connection) -> ServiceError:
        failure = translate(error)
        if isinstance(failure, ConnectionLost):
            self._shared.discard(connection)
        return failure


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
        return StoreLocked(
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
