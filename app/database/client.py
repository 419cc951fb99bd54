"""The one connection to SurrealDB, embedded or over WebSocket.

The SDK (3.0.0b10) reopens a dropped WebSocket without signing in and answers everybody with
"Anonymous access not allowed" from then on, so a connection is never trusted after a drop but
replaced whole. An embedded engine has no line to drop; it is opened once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast

from surrealdb.errors import (
    ConnectionUnavailableError,
    NotAllowedError,
    SurrealError,
    TransportError,
    TransportTimeoutError,
)

from app import times
from app.database.connection import (
    Connection,
    SignInRefused,
    answer,
    close,
    is_dropped,
    new_connection,
    open_connection,
    until_no_race_is_lost,
)
from app.errors import ConfigurationError, DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import Seam, direct

OPEN_DEADLINE = 30.0
"""Seconds for the first connection: an embedded engine may tidy its files for 14."""
ACCESS = "service"
"""The record access that a user of the level ``record`` signs in by; see ``schema/access``."""


class AnswerOverdue(DatabaseUnavailable):
    """The SDK gave up waiting after its fixed 30 s, while the statements run on and may commit."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the database is and who signs in there."""

    url: str
    namespace: str
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    level: str = "database"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the address from the ``SURREAL_…`` settings."""
        secret = settings.surreal_password
        return cls(
            url=settings.surreal_url,
            namespace=settings.surreal_namespace,
            database=settings.surreal_database,
            user=settings.surreal_user or "",
            password=secret.get_secret_value() if secret else "",
            level=settings.surreal_user_level,
        )

    @property
    def embedded(self) -> bool:
        """The engine runs in this process."""
        return not self.url.startswith(("ws://", "wss://"))

    @property
    def place(self) -> str:
        """Which of the server's databases it is."""
        return f"{self.namespace}/{self.database}"

    @property
    def credentials(self) -> dict[str, Any]:
        """What ``signin`` expects at this level; a key too many is refused by the server."""
        if self.level == "record":
            return {
                "namespace": self.namespace,
                "database": self.database,
                "access": ACCESS,
                "variables": {"user": self.user, "password": self.password},
            }
        credentials = {"username": self.user, "password": self.password}
        if self.level in {"namespace", "database"}:
            credentials["namespace"] = self.namespace
        if self.level == "database":
            credentials["database"] = self.database
        return credentials


class Database:
    """Calls to one database, each under a deadline, each repeated when it lost a race.

    A ``DatabaseUnavailable`` from a call leaves open whether it was carried out.
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
            ConfigurationError: the sign-in is refused, or another process has the store open.
            DatabaseUnavailable: nobody answers.

        """
        try:
            async with asyncio.timeout(OPEN_DEADLINE):
                await self._connected()
        except (SignInRefused, NotAllowedError) as error:
            raise ConfigurationError(
                f"SurrealDB at {self.address.url} refused the sign-in of {self.address.user!r} "
                f"as a {self.address.level} user of {self.address.place}: check SURREAL_USER, "
                "SURREAL_PASSWORD and SURREAL_USER_LEVEL, SURREAL_NAMESPACE and SURREAL_DATABASE, "
                "and whether it was migrated"
            ) from error
        except (SurrealError, OSError, TimeoutError) as error:
            if "locked" in str(error):
                raise ConfigurationError(
                    f"{self.address.url} is in use by another process: stop it first, or run a "
                    "SurrealDB server and set SURREAL_URL=ws://…"
                ) from error
            if self.address.embedded:
                raise ConfigurationError(
                    f"{self.address.url} cannot be opened: {error}. SURREAL_URL must name a folder "
                    "that this user may write, on a disk with room"
                ) from error
            raise DatabaseUnavailable(
                f"SurrealDB at {self.address.url} does not answer: {str(error) or 'it hangs'}. "
                "Is SURREAL_URL right and the server up?"
            ) from error
        return self

    async def __aexit__(self, *_exc: object) -> None:
        async with self._lock:
            connection, self._connection = self._connection, None
            self._closed = True
        if connection is not None:
            self._close_later(connection)
        if self._closing:
            # An embedded engine must be closed; a server that hangs must not hold up the end.
            bound = None if self.address.embedded else times.DATABASE_CLOSE
            await asyncio.wait(self._closing, timeout=bound)
        if self.address.embedded:
            await asyncio.sleep(times.ENGINE_EXIT)

    async def call(self, function: str, *arguments: Any) -> Any:
        """Return what ``fn::function`` answers; one call is one transaction.

        Raises:
            Thrown: the function refused.
            Rejected: the database cannot carry it out.
            DatabaseUnavailable: no answer in time; the call may have been carried out.

        """
        names = [f"a{index}" for index in range(len(arguments))]
        statement = f"RETURN fn::{function}({', '.join(f'${name}' for name in names)})"
        variables = dict(zip(names, arguments, strict=True))
        return await self._seam(f"db.{function}", lambda: self._run(statement, variables))

    async def query(self, statement: str, **variables: Any) -> Any:
        """Return the result of a single statement, as :meth:`call` does."""
        return await self._seam("db.query", lambda: self._run(statement, variables))

    async def run_script(self, script: str, **variables: Any) -> list[dict[str, Any]]:
        """Run several statements as they stand and return each one's raw status and result.

        Nothing is retried and nothing raised for a failed statement; there is no deadline.

        Raises:
            ConfigurationError: the script cannot be parsed.
            AnswerOverdue: no answer from a server within 30 s.
            DatabaseUnavailable: the connection broke; the script may have been carried out.

        """
        connection: Connection | None = None
        try:
            connection = await self._connected()
            results = await connection.query_raw(script, variables)
        except TransportTimeoutError as error:
            raise AnswerOverdue from error
        except (TransportError, SignInRefused, NotAllowedError, OSError) as error:
            self._discard(connection)
            raise DatabaseUnavailable from error
        if "result" not in results:
            raise ConfigurationError(f"SurrealQL error: {results['error'].get('message')}")
        return cast("list[dict[str, Any]]", results["result"])

    async def check(self) -> None:
        """Write something and read it back: what a role forbids to write fails silently.

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
                "or a record access as docs/deploy.md has it"
            )

    async def _run(self, statement: str, variables: Mapping[str, Any]) -> Any:
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._deadline):
                connection = await self._connected()
                async for attempt in until_no_race_is_lost():
                    with attempt:
                        return await answer(connection, statement, variables)
        except (TransportError, SignInRefused, NotAllowedError, TimeoutError, OSError) as error:
            self._discard(connection)
            raise DatabaseUnavailable from error
        raise AssertionError("stamina repeats until an answer or the deadline")

    async def _connected(self) -> Connection:
        async with self._lock:
            if self._connection is None or is_dropped(self._connection):
                self._connection = await self._opened()
            return self._connection

    async def _opened(self) -> Connection:
        if self._closed:
            raise ConnectionUnavailableError("the database has been closed")
        address = self.address
        connection = new_connection(address.url)
        try:
            await open_connection(
                connection,
                credentials=None if address.embedded else address.credentials,
                namespace=address.namespace,
                database=address.database,
            )
        except BaseException:  # a cancelled caller must not leave a half-open connection either
            self._close_later(connection)
            raise
        return connection

    def _discard(self, connection: Connection | None) -> None:
        """Let the next call build a new connection; an embedded engine stays."""
        if self.address.embedded or connection is None or connection is not self._connection:
            return
        self._connection = None
        self._close_later(connection)

    def _close_later(self, connection: Connection) -> None:
        # Closing waits up to 10 s for a server that hangs, and nobody should wait for that.
        task = asyncio.create_task(close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
