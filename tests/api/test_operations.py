"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from surrealdb.connections.async_ws import AsyncWsSurrealConnection

from app import times
from app.database import write_probe
from app.database.write_probe import WriteProbe
from app.problems import DatabaseUnavailable
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


async def test_service_is_not_ready_while_its_database_can_only_be_read(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_probe, "INTERVAL", 0.0)
    async with running(settings, fal) as run:
        assert (await run.client.get("/readyz")).status_code == 200
        await run.service.database.query("DEFINE FIELD OVERWRITE nonce ON probe TYPE int")
        assert (await run.get("/api/credits")).status_code == 200
        answer = await run.client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


async def test_service_is_not_ready_while_its_database_hangs(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object) -> None:
        await asyncio.Event().wait()

    async with running(settings, fal) as run:
        monkeypatch.setattr(AsyncWsSurrealConnection, "query", hangs)
        monkeypatch.setattr(times, "DATABASE_CALL", 0.05)
        answers = await asyncio.gather(*(run.client.get("/readyz") for _ in range(3)))
        assert [each.json()["code"] for each in answers] == ["database_unavailable"] * 3
        monkeypatch.undo()


async def test_many_readiness_checks_write_the_database_once_a_second() -> None:
    now, written = 0.0, 0

    class Writes:
        async def check(self) -> None:
            nonlocal written
            written += 1
            await asyncio.sleep(0)
            if now == 1.0:
                raise DatabaseUnavailable

    probe = WriteProbe(cast("Any", Writes()), clock=lambda: now)
    await asyncio.gather(*(probe.check() for _ in range(50)))
    assert written == 1
    now = 1.0
    outcomes = await asyncio.gather(*(probe.check() for _ in range(50)), return_exceptions=True)
    assert (written, {type(each) for each in outcomes}) == (2, {DatabaseUnavailable})
    now = 2.0
    await probe.check()
    assert written == 3
