"""Videos that are deleted and users that are erased, in a running service."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.clock import set_clock_ahead
from tests.support.job_rows import stored_row
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import admin_bearer, bearer

SECOND_ROUND = 11 * 60
"""Seconds until the objects of a deleted video are deleted once more."""


async def completed(run: Running, fal: FalStandIn, *, user: str = "ada", **given: Any) -> str:
    """Complete a job and return its id."""
    job_id = await run.submitted(user=user, **given)
    fal.complete(fal.newest, small_video(seed=len(fal.requests)))
    assert (await run.finished(job_id, user=user))["status"] == "completed"
    return job_id


async def delete(run: Running, job_id: str, *, user: str = "ada") -> httpx.Response:
    """Delete a video of the library."""
    return await run.client.delete(f"/api/library/{job_id}", headers=bearer(user))


async def erase(run: Running, user: str = "ada") -> dict[str, Any]:
    """Ask for a user's erasure, and return how far it is."""
    path = f"/api/admin/users/{quote(user, safe='')}"
    answer = await run.client.delete(path, headers=admin_bearer())
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def progress(run: Running, user: str = "ada") -> tuple[bool, int]:
    """Return whether the user's erasure is finished, and how much is left."""
    erasure = await run.service.erasure_store.get(user)
    assert erasure is not None
    return erasure.finished_at is not None, erasure.left


async def objects(run: Running, job_id: str) -> list[Path]:
    """Return the paths of the job's video, poster and start image, of those that are there."""
    row = await stored_row(run, job_id)
    keys = [row.get(name) for name in ("video_key", "poster_key", "start_key")]
    paths = [run.service.settings.storage_dir / key for key in keys if key]
    return [path for path in paths if path.exists()]


async def carry_on(run: Running, seconds: float, *, rounds: int = 3) -> None:
    """Set the database's clock ahead, and run the loops until they have nothing to do then."""
    await set_clock_ahead(run.service.database, seconds)
    for _ in range(rounds):
        await run.service.sweep.once()
        await run.wait_for_background()
        await run.service.erasures.once()
        await run.service.deletions.once()
        await set_clock_ahead(run.service.database, seconds := seconds + 10)
