"""Unfinished jobs of a legacy database are delivered with no browser open."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.clock import pass_time
from tests.support.database import (
    connected,
    embedded,
)
from tests.support.database import migrated as migrated_database
from tests.support.legacy import LEGACY_MODEL, legacy_row, make_legacy, run_backfill
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_jobs import Job
from tests.support.stand_ins.videos import small_video


async def adopt(url: str) -> None:
    """Make a legacy database, migrate it, backfill it, and finish the migration."""
    async with connected(embedded(url)) as database:
        await make_legacy(
            database,
            legacy_row("done", video_key="users/ada/library/2025-03-01-night-life-roller.mp4"),
            legacy_row("failed", "failed", error="no luck"),
            legacy_row("running", "processing"),
            legacy_row("waiting", "pending"),
            legacy_row("odd-word", "IN_QUEUE"),
            legacy_row("forgotten", "pending"),
        )
    async with migrated_database(embedded(url)) as database:
        assert await run_backfill(database) == 0
    async with migrated_database(embedded(url)) as database:
        assert await database.query("SELECT id FROM video_job WHERE fal_model IS NONE") == []


def legacy_settings(tmp_path: Path) -> Settings:
    return settings_for(
        f"surrealkv://{tmp_path / 'surreal'}", tmp_path / "storage", fal_key=FalStandIn.key
    )


@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_unfinished_legacy_jobs_are_delivered_and_finished_ones_stay_unchanged(
    tmp_path: Path, fal: FalStandIn
) -> None:
    settings = legacy_settings(tmp_path)
    await adopt(settings.surreal_url)
    for number, request_id in enumerate(("running", "waiting", "odd-word")):
        fal.requests[request_id] = Job(request_id, LEGACY_MODEL, {}, None, iter(()))
        fal.complete(request_id, small_video(seed=number))
    async with running(settings, fal) as run:
        for minutes in range(1, 14, 2):
            await pass_time(run, minutes * 60)
        statuses = {
            row["id"].id: row["status"]
            for row in await run.rows("SELECT id, status FROM video_job")
        }
        assert statuses == {
            "done": "completed",
            "failed": "failed",
            "running": "completed",
            "waiting": "completed",
            "odd-word": "completed",
            "forgotten": "failed",
        }
        keys = {video["key"] for video in (await run.library())["videos"]}
        assert keys == {
            f"users/ada/library/2025-03-01-night-life-roller{number}.mp4"
            for number in ("-2", "-3", "-4")
        }
        assert await run.money() == (100, 0, ["charge", "charge", "charge", "grant"])
        old = await run.status("done")
        assert old["key"] == "users/ada/library/2025-03-01-night-life-roller.mp4"
        assert (await run.status("failed"))["error"] == {
            "code": "interrupted",
            "message": "no luck",
        }
        assert await run.audit() == []


async def test_unfinished_legacy_job_is_delivered_for_no_credits(
    run: Running, fal: FalStandIn
) -> None:
    await run.submitted()
    request_id = "legacy-request"
    fal.requests[request_id] = replace(fal.requests[fal.newest], request_id=request_id)
    await run.rows(
        f"CREATE video_job:`{request_id}` SET user = 'eve', user_email = 'eve@example.com', "
        "template_slug = 'night-life-roller', start_key = 'users/eve/start.png', "
        f"status = 'pending', fal_model = '{fal.requests[request_id].model}', "
        f"fal_request_id = '{request_id}', stage = 'queued', due_at = time::now()"
    )
    fal.complete(request_id, small_video())
    await pass_time(run, 5)
    job = await run.status(request_id, user="eve")
    assert (job["status"], job["credits"]) == ("completed", 0)
    (video,) = (await run.library(user="eve"))["videos"]
    assert video["jobId"] == request_id
    charges = await run.rows("SELECT kind, credits FROM credit_entry WHERE user = 'eve'")
    assert charges == [{"kind": "charge", "credits": 0}]
