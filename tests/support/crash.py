"""A seam under which the service dies, fails or loses an answer at any call to the outside."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import NoReturn

import httpx

from app.errors import DatabaseUnavailable, FalAnswerLost, FalUnavailable
from app.telemetry.seam import T


class Fate(Enum):
    """What becomes of one call."""

    DIES_BEFORE = "dies before it"
    DIES_AFTER = "dies after its effect"
    FAILS = "fails"
    LOSES_ANSWER = "is carried out, and its answer lost"


class CrashSeam:
    """Numbers the calls and deals out fates; a dead service reaches nobody any more."""

    def __init__(self, fates: Mapping[int, Fate] | None = None) -> None:
        self.calls: list[str] = []
        self.died = asyncio.Event()
        self._fates = fates or {}

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if self.died.is_set():
            raise asyncio.CancelledError
        fate = self._fates.get(len(self.calls))
        self.calls.append(name)
        if fate is Fate.DIES_BEFORE:
            self._die()
        if fate is Fate.FAILS:
            raise _failure(name)
        answer = await call()
        if fate is Fate.DIES_AFTER:
            self._die()
        if fate is Fate.LOSES_ANSWER:
            raise _loss(name)
        return answer

    def _die(self) -> NoReturn:
        self.died.set()
        raise asyncio.CancelledError


def _failure(name: str) -> Exception:
    """Return what the system behind a call raises when it refuses to work."""
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
