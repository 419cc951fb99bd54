"""The operators' programs, run as processes on the store of a service that has ended."""

import asyncio
from pathlib import Path

from app.settings import Settings
from tests.support.process import forked
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def completed_job(settings: Settings, fal: FalStandIn) -> str:
    """Complete a job in the store of the settings, close the store, and return the job's id."""
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.finished(job_id)
    return job_id


async def test_job_and_audit_report_a_completed_job_and_no_violation(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    job_id = await completed_job(settings, fal)
    with forked(tmp_path, "scripts.job", job_id) as job:
        assert await asyncio.to_thread(job.exit_status) == 0, job.stderr
        assert job.stdout.startswith(f"Job {job_id} of ada\n  Status    completed, done\n")
    with forked(tmp_path, "scripts.audit", "--deep") as audit:
        assert await asyncio.to_thread(audit.exit_status) == 0, audit.stderr
        assert audit.stdout == "Every invariant holds.\n"
        assert audit.stderr.startswith("At surrealkv://")


async def test_a_repair_names_what_it_cannot_repair_and_fails(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    job_id = await completed_job(settings, fal)
    (video,) = (tmp_path / "storage/users").rglob("*.mp4")
    video.unlink()
    for apply in ((), ("--apply",)):
        with forked(tmp_path, "scripts.audit", "--repair", *apply) as audit:
            assert await asyncio.to_thread(audit.exit_status) == 1, audit.stderr
            assert f"{job_id}: is completed, but there is no object at" in audit.stdout
            assert "0 expired idempotency keys" in audit.stdout


async def test_an_audit_applies_nothing_without_a_repair(tmp_path: Path) -> None:
    with forked(tmp_path, "scripts.audit", "--apply") as audit:
        assert await asyncio.to_thread(audit.exit_status) == 2
        assert audit.stderr.endswith("audit: error: --apply needs --repair\n")


async def test_audit_fails_when_the_videos_are_missing(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    await completed_job(settings, fal)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = str(tmp_path / "elsewhere")
    with forked(tmp_path, "scripts.audit", STORAGE_DIR=elsewhere) as audit:
        assert await asyncio.to_thread(audit.exit_status) == 1
        assert audit.stdout.count("but there is no object at") == 3
        assert "Traceback" not in audit.stderr
