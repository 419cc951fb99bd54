"""What an operator asks: is it ready, does everything hold, what became of a job."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app import times
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.process import started
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def storage_that_hangs(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    if name == "storage.check":
        await asyncio.Event().wait()
    return await call()


async def test_service_whose_storage_hangs_is_not_ready_and_says_so_before_long(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "STORAGE_CHECK", 0.05)
    async with running(settings, fal, seam=storage_that_hangs) as run:
        answer = await run.client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert (await run.client.get("/healthz")).status_code == 200


async def made(settings: Settings, fal: FalStandIn) -> str:
    """Make a video in the store that the settings name, close it, and return the job's id."""
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.finished(job_id)
    return job_id


async def test_scripts_tell_what_became_of_a_job_and_that_every_invariant_holds(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    job_id = await made(settings, fal)
    with started(tmp_path, "scripts.job", job_id) as job:
        assert await asyncio.to_thread(job.exit_status) == 0, job.stderr
        assert job.stdout.startswith(f"Job {job_id} of ada\n  Status    completed, done\n")
    with started(tmp_path, "scripts.audit", "--deep") as audit:
        assert await asyncio.to_thread(audit.exit_status) == 0, audit.stderr
        assert audit.stdout == "Every invariant holds.\n"
        assert audit.stderr.startswith("At surrealkv://")


async def test_audit_of_a_store_without_its_videos_finds_them_missing_and_fails(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    await made(settings, fal)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = str(tmp_path / "elsewhere")
    with started(tmp_path, "scripts.audit", STORAGE_DIR=elsewhere) as audit:
        assert await asyncio.to_thread(audit.exit_status) == 1
        assert audit.stdout.count("but there is no object at") == 2
        assert "Traceback" not in audit.stderr
