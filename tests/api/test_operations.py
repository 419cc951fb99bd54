"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app import times
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn


async def hanging_storage(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    if name == "storage.check":
        await asyncio.Event().wait()
    return await call()


async def test_service_is_alive_but_not_ready_while_its_storage_hangs(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "STORAGE_CHECK", 0.05)
    async with running(settings, fal, seam=hanging_storage) as run:
        answer = await run.client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert (await run.client.get("/healthz")).status_code == 200
