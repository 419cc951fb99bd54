"""The one connection of a process: opened once, shared by all calls, replaced when it is dead.

After a drop the SDK (3.0.0b10) reopens a WebSocket without signing in, and every later call fails
with "Anonymous access not allowed". So a connection is replaced after a drop and never reused. An
embedded engine cannot drop; it is opened once.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from app import times
from app.database.address import Address
from app.database.connection import (
    Connection,
    close,
    is_dropped,
    new_connection,
    open_connection,
)
from app.database.disk_room import check_room
from app.database.errors import ConnectionLost
from app.problems import DatabaseUnavailable

OPEN_DEADLINE = 30.0
"""Seconds for the first connection: an embedded engine was seen to tidy its files for 14 s."""
CONNECT_DEADLINE = 10.0
"""Seconds for every later connection: a busy server can take longer to sign in than for a call."""
CHECK_DEADLINE = 5.0
"""Seconds that a connection has to answer after a call on it was overdue."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two attempts to connect; the pause doubles with each failure."""

T = TypeVar("T")


class SharedConnection:
    """Holds the connection. It is opened in a task, which no caller's deadline ends."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._current: Connection | None = None
        self._connecting: asyncio.Task[Connection] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._failure: ConnectionLost | None = None
        self._pause = FIRST_PAUSE
        self._next_attempt = 0.0

    async def open(self) -> None:
        """Open the first connection.

        Raises:
            SignInRefused: wrong user, password or level.
            surrealdb.errors.SurrealError, OSError: the server does not answer within 30 s, or the
                embedded store cannot be opened.

        """
        check_room(self._address)
        async with asyncio.timeout(OPEN_DEADLINE):
            self._current = await self._opened()

    async def get(self) -> Connection:
        """Return the connection; after a drop, wait for the next one.

        Raises:
            ConnectionLost: the connection cannot be opened now.
            DatabaseUnavailable: the disk of the embedded store is nearly full.

        """
        try:
            check_room(self._address)
        except OSError as error:
            raise DatabaseUnavailable from error
        if self._current is not None and is_dropped(self._current):
            self.discard(self._current)
        if self._current is not None:
            return self._current
        if self._connecting is None:
            if self._closed:
                raise ConnectionLost
            if self._failure and asyncio.get_running_loop().time() < self._next_attempt:
                raise self._failure.with_traceback(None)  # it would grow with every caller
            self._connecting = _start(self._connect())
        connecting = self._connecting
        await asyncio.wait({connecting})  # a caller who leaves does not cancel it
        if connecting.cancelled():
            raise ConnectionLost
        return connecting.result()

    def discard(self, connection: Connection) -> None:
        """Replace the connection with the next call. Embedded engines are kept."""
        if self._address.embedded or connection is not self._current:
            return
        self._current = None
        self._close_later(connection)

    def check(self, connection: Connection) -> None:
        """Discard the connection soon if it is dead; one slow call does not mean that it is."""
        if self._address.embedded or connection is not self._current or self._checking:
            return
        self._checking = _start(self._discard_if_dead(connection))

    async def close(self) -> None:
        """Close the connection; a server that hangs delays this for a second at most."""
        self._closed = True
        for task in filter(None, (self._connecting, self._checking)):
            task.cancel()
            await asyncio.wait({task})
        connection, self._current = self._current, None
        if connection is not None:
            self._close_later(connection)
        if self._closing:
            # An embedded engine must be closed; a server that hangs must not delay the exit.
            timeout = None if self._address.embedded else times.DATABASE_CLOSE
            await asyncio.wait(self._closing, timeout=timeout)
        if self._address.embedded:
            await asyncio.sleep(times.ENGINE_EXIT)

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_DEADLINE):
                self._current = await self._opened()
        except Exception as error:  # any: the callers try again, whatever the SDK raises
            self._next_attempt = asyncio.get_running_loop().time() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._failure = ConnectionLost()
            raise self._failure from error
        else:
            self._failure, self._pause = None, FIRST_PAUSE
            return self._current
        finally:
            self._connecting = None

    async def _opened(self) -> Connection:
        connection = new_connection(self._address)
        try:
            await open_connection(connection, self._address)
        except BaseException:  # also when this is cancelled: nothing may stay half open
            self._close_later(connection)
            raise
        return connection

    async def _discard_if_dead(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(CHECK_DEADLINE):
                await connection.query("RETURN true", {})
        except Exception:  # noqa: BLE001 any: a connection that cannot do this is of no use
            self.discard(connection)
        finally:
            self._checking = None

    def _close_later(self, connection: Connection) -> None:
        # Closing waits up to 10 s for a server that hangs; no caller waits for that.
        task = _start(close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _start(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task whose error nobody has to collect: its callers may have left."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
