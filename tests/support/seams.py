"""Seams for tests: they record, fail or interrupt the service's calls to the outside."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

import httpx

from app.errors import FalAnswerLost, FalUnavailable
from app.problems import DatabaseUnavailable
from app.telemetry.seam import T
from tests.support.database_failures import RaisingSdk, server_error


@dataclass
class RecordingSeam:
    """Records the names of the calls, except for those of loops that look for due work."""

    names: list[str] = field(default_factory=list)

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if not name.endswith("take_due") and name != "db.query":
            self.names.append(name)
        return await call()


@dataclass
class FailingSeam:
    """Raises ``error`` for the calls with one name, and counts them."""

    error: Exception
    name: str = ""
    failed: int = 0

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.name:
            self.failed += 1
            raise self.error
        return await call()


class CallFault(Enum):
    """The ways in which one call can fail."""

    DIES_BEFORE = "the process dies before the call"
    DIES_AFTER = "the process dies after its effect"
    FAILS = "the call fails"
    LOSES_ANSWER = "the call is carried out, and its answer is lost"
    SERVER_ERROR = "the database's driver raises a ServerError"
    SERVER_ERROR_AFTER = "the driver raises a ServerError after the effect"
    VALUE_ERROR = "a ValueError that nobody foresaw"
    VALUE_ERROR_AFTER = "a ValueError after the effect"
    OS_ERROR = "an OSError that nobody foresaw"
    OS_ERROR_AFTER = "an OSError after the effect"

    def can_happen_at(self, name: str) -> bool:
        """Return whether the call of this name can fail like this."""
        return name.startswith("db.") or "ServerError" not in self.value


DEATHS = (CallFault.DIES_BEFORE, CallFault.DIES_AFTER)
FORESEEN = (CallFault.FAILS, CallFault.LOSES_ANSWER)
SERVER_ERROR = server_error("IO error: Input/output error", "Internal")
VALUE_ERROR = ValueError("year 262142 is out of range")
OS_ERROR = OSError(28, "No space left on device")
RAW_ERRORS: Mapping[CallFault | None, tuple[Exception, bool]] = {
    CallFault.SERVER_ERROR: (SERVER_ERROR, False),
    CallFault.SERVER_ERROR_AFTER: (SERVER_ERROR, True),
    CallFault.VALUE_ERROR: (VALUE_ERROR, False),
    CallFault.VALUE_ERROR_AFTER: (VALUE_ERROR, True),
    CallFault.OS_ERROR: (OS_ERROR, False),
    CallFault.OS_ERROR_AFTER: (OS_ERROR, True),
}
"""Each with whether it is raised after the effect."""
ERRORS = tuple(fault for fault in CallFault if fault not in DEATHS)


class CrashSeam:
    """Numbers the calls and applies ``faults`` by number; after a death every call is cancelled.

    The renewal of the streams' places belongs to no job and is left out. A raw error of the
    database comes from below the adapter: it needs the ``sdk`` of ``raising_sdk``.
    """

    def __init__(
        self, faults: Mapping[int, CallFault] | None = None, *, sdk: RaisingSdk | None = None
    ) -> None:
        self.calls: list[str] = []
        self.died = asyncio.Event()
        self.faults = faults or {}
        self._sdk = sdk

    def restart(self, faults: Mapping[int, CallFault]) -> None:
        """Number the next call 0, and apply other faults."""
        self.calls, self.faults = [], faults

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if self.died.is_set():
            raise asyncio.CancelledError
        if name == "db.event_stream::renew":
            return await call()
        fault = self.faults.get(len(self.calls))
        self.calls.append(name)
        if fault is CallFault.DIES_BEFORE:
            self._die()
        if fault is CallFault.FAILS:
            raise _failure(name)
        if raw := RAW_ERRORS.get(fault):
            return await self._raise(name, call, *raw)
        answer = await call()
        if fault is CallFault.DIES_AFTER:
            self._die()
        if fault is CallFault.LOSES_ANSWER:
            raise _loss(name)
        return answer

    def _die(self) -> NoReturn:
        self.died.set()
        raise asyncio.CancelledError

    async def _raise(
        self,
        name: str,
        call: Callable[[], Awaitable[T]],
        error: Exception,
        after: bool,  # noqa: FBT001 from the table
    ) -> T:
        if name.startswith("db."):
            assert self._sdk is not None
            with self._sdk.raising(error, after=after):
                return await call()
        if after:
            await call()
        raise error


def _failure(name: str) -> Exception:
    """Return the error that the system behind a call raises when it is unavailable."""
    system = name.partition(".")[0]
    return {
        "db": DatabaseUnavailable(),
        "events": httpx.ConnectError("refused"),
        "fal": FalUnavailable("fal cannot be reached"),
        "media": httpx.ConnectError("refused"),
        "storage": OSError(5, "Input/output error"),
    }[system]


def _loss(name: str) -> Exception:
    if name == "fal.submit":
        return FalAnswerLost("the answer was lost")
    if name == "media.download":
        return httpx.ReadError("reset")
    return _failure(name)
