"""From fal's webhook to the browser: fal says that a job is done, a stream says that it is."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from time import perf_counter

import httpx

from scripts.bench.buyer import Buyer
from scripts.bench.figure import Figure, Goal
from scripts.bench.stage import serving, standing_in
from scripts.bench.start_image import start_image
from tests.support.service import SUBMIT
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import padded, small_video

WARM_UP, JOBS = 3, 30
VIDEO_BYTES = 1_000_000
PATIENCE = 60.0


def measure(folder: Path) -> Iterator[Figure]:
    """Measure jobs one after the other, each with a stream of its own that is open before."""
    with (
        standing_in() as (portal, fal),
        serving(folder / "ours", fal.port) as service,
    ):
        seconds = sorted(portal.call(_told, service.url, fal)[WARM_UP:])
    p50, p90 = (seconds[int(JOBS * part)] for part in (0.5, 0.9))
    yield Figure(
        what="fal's webhook until the stream says completed, p50 (1 MB video)",
        measured=f"{p50 * 1000:.0f} ms, p90 {p90 * 1000:.0f} ms, {JOBS} jobs",
        values=[p50 * 1000],
        goal=Goal("≤", 150, "ms"),
    )


async def _told(url: str, fal: FalStandIn) -> list[float]:
    """Return the seconds that each job took from fal's callback to the stream's last event."""
    image, video = start_image(), padded(small_video(2, 1280, 720), VIDEO_BYTES)
    seconds = []
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        for _ in range(WARM_UP + JOBS):
            buyer = Buyer(client, fal, "ada", image)
            await buyer.submit()
            events = _statuses(client, buyer)
            assert await anext(events) == "pending"
            await buyer.sees_it_running()
            assert await anext(events) == "processing"
            began = perf_counter()
            announced = asyncio.create_task(buyer.has_it_completed(video))
            while await anext(events) != "completed":
                pass
            seconds.append(perf_counter() - began)
            await announced
            await events.aclose()
    return seconds


async def _statuses(client: httpx.AsyncClient, buyer: Buyer) -> AsyncGenerator[str]:
    """Listen to a job's own stream."""
    query = {"jobId": buyer.job_id}
    async with client.stream(
        "GET", f"{SUBMIT}/events", params=query, headers=buyer.headers
    ) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))["status"]
