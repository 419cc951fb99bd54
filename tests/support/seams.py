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


@dataclass
class RecordingSeam:
    """Records the names of the calls, except for the sweep's query for due jobs."""

    names: list[str] = field(default_factory=list)

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name != "db.video_job::take_due":
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


class CrashSeam:
    """Numbers the calls and applies ``faults`` by number; after a death every call is cancelled."""

    def __init__(self, faults: Mapping[int, CallFault] | None = None) -> None:
        self.calls: list[str] = []
        self.died = asyncio.Event()
        self._faults = faults or {}

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if self.died.is_set():
            raise asyncio.CancelledError
        fault = self._faults.get(len(self.calls))
        self.calls.append(name)
        if fault is CallFault.DIES_BEFORE:
            self._die()
        if fault is CallFault.FAILS:
            raise _failure(name)
        answer = await call()
        if fault is CallFault.DIES_AFTER:
            self._die()
        if fault is CallFault.LOSES_ANSWER:
            raise _loss(name)
        return answer

    def _die(self) -> NoReturn:
        self.died.set()
        raise asyncio.CancelledError


def _failure(name: str) -> Exception:
    """Return the error that the system behind a call raises when it is unavailable."""
    system = name.partition(".")[0]
    return {
        "db": DatabaseUnavailable(),
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
