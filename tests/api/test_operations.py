"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from surrealdb.connections.async_ws import AsyncWsSurrealConnection

from app import times
from app.database import write_probe
from app.database.write_probe import WriteProbe
from app.fal import queue, transport
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Hang


async def hanging_storage(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    if name == "storage.check":
        await asyncio.Event().wait()
    return await call()


async def test_service_stays_ready_and_tells_of_a_storage_that_hangs(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "STORAGE_CHECK", 0.05)
    async with running(settings, fal, seam=hanging_storage) as run:
        answer = await run.client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["dependencies"]["storage"] == "down"
        metrics = (await run.client.get("/metrics")).text
        assert 'dependency_up{dependency="storage"} 0.0' in metrics


async def test_readiness_tells_of_a_storage_that_is_lost_and_back(run: Running) -> None:
    async def storage() -> str:
        answer = await run.client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        return str(answer.json()["dependencies"]["storage"])

    folder = run.service.settings.storage_dir
    assert await storage() == "up"
    away = run.lose_storage()
    assert await storage() == "down"
    folder.unlink()
    away.rename(folder)
    assert await storage() == "up"


@pytest.mark.parametrize("fault", [Answer(503), Drop()])
async def test_readiness_tells_of_a_fal_that_does_not_answer(
    run: Running, fal: FalStandIn, fault: Answer | Drop
) -> None:
    job_id = await run.submitted()
    for fault_now, state in ((fault, "down"), (None, "up")):
        if fault_now:
            fal.faults.add("status", fault_now)
        await run.status(job_id)
        answer = await run.client.get("/readyz")
        assert (answer.status_code, answer.json()["dependencies"]["fal"]) == (200, state)


async def test_readiness_tells_of_a_fal_that_hangs(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "STATUS_DEADLINE", 0.05)
    monkeypatch.setattr(transport, "HANG_SECONDS", 0.01)
    job_id = await run.submitted()
    hang = Hang()
    fal.faults.add("status", hang)
    await run.status(job_id)
    hang.released.set()
    assert (await run.client.get("/readyz")).json()["dependencies"]["fal"] == "down"


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
