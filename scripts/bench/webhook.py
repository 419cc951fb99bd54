"""The time from fal's webhook until the event stream says that the job is completed."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from time import perf_counter

import httpx

from scripts.bench.driven_job import DrivenJob
from scripts.bench.figure import Figure, Goal
from scripts.bench.service import fal_in_thread, serving
from scripts.bench.start_image import start_image
from tests.support.service import SUBMIT
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import padded, small_video

WARM_UP, JOBS = 3, 30
VIDEO_BYTES = 1_000_000
PATIENCE = 60.0


def measure(folder: Path) -> Iterator[Figure]:
    """Measure jobs one after the other, each with an open stream of its own."""
    with (
        fal_in_thread() as (portal, fal),
        serving(folder / "ours", fal.port) as service,
    ):
        seconds = sorted(portal.call(_measured, service.url, fal)[WARM_UP:])
    p50, p90 = (seconds[int(JOBS * part)] for part in (0.5, 0.9))
    yield Figure(
        what="fal's webhook until the stream says completed, p50 (1 MB video)",
        measured=f"{p50 * 1000:.0f} ms, p90 {p90 * 1000:.0f} ms, {JOBS} jobs",
        values=[p50 * 1000],
        goal=Goal("≤", 150, "ms"),
    )


async def _measured(url: str, fal: FalStandIn) -> list[float]:
    """Return the seconds from fal's callback to the stream's last event, for each job."""
    image, video = start_image(), padded(small_video(2, 1280, 720), VIDEO_BYTES)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        return [
            await followed(client, DrivenJob(client, fal, "ada", image), video)
            for _ in range(WARM_UP + JOBS)
        ]


async def followed(client: httpx.AsyncClient, job: DrivenJob, video: bytes) -> float:
    """Return the seconds from the callback to the end of the job's stream."""
    await job.submit()
    events = _statuses(client, job)
    assert await anext(events) == "pending"
    await job.poll_until_running()
    assert await anext(events) == "processing"
    began = perf_counter()
    callback = asyncio.create_task(job.complete(video))
    while await anext(events) != "completed":
        pass
    seconds = perf_counter() - began
    await callback
    await events.aclose()
    return seconds


async def _statuses(client: httpx.AsyncClient, job: DrivenJob) -> AsyncGenerator[str]:
    """Yield the statuses that the job's stream sends."""
    query = {"jobId": job.job_id}
    async with client.stream(
        "GET", f"{SUBMIT}/events", params=query, headers=job.headers
    ) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))["status"]
