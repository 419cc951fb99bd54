"""Videos that are shared, over HTTP."""

import httpx

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

VIDEO = small_video(seconds=1, width=128, height=72)
AS_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PUBLIC = "https://app.example.com/animate"


async def made(run: Running, fal: FalStandIn, *, user: str = "ada", title: str = "") -> str:
    """Make a video and return its job."""
    job = await run.submitted(user=user)
    fal.complete(fal.newest, VIDEO)
    assert (await run.finished(job, user=user))["status"] == "completed"
    if title:
        await run.rows(
            "UPDATE type::record('library_video', $job) SET title = $title", job=job, title=title
        )
    return job


async def share(run: Running, job: str, *, user: str = "ada") -> httpx.Response:
    return await run.client.post(f"/api/library/{job}/share", headers=bearer(user))


async def revoke(run: Running, job: str, *, user: str = "ada") -> httpx.Response:
    return await run.client.delete(f"/api/library/{job}/share", headers=bearer(user))


async def shared(run: Running, job: str) -> str:
    """Share a video and return the path of its page."""
    answer = await share(run, job)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["shareUrl"]).removeprefix(PUBLIC)


async def delete(run: Running, job: str) -> None:
    """Mark a video as deleted, and leave its share: what is shared must look for itself."""
    await run.rows(
        "UPDATE type::record('library_video', $job) SET deleted_at = time::now()", job=job
    )
