"""Whole jobs, from submit to completed, compared with the sum of their parts run alone.

Each job is polled once while it runs, and then fal's webhook reports it. Beyond its parts a job
needs HTTP, checks of the image and of the video, and a poster.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from anyio.from_thread import BlockingPortal

from scripts.bench.driven_job import DrivenJob
from scripts.bench.figure import Figure, Goal
from scripts.bench.job_parts import USERS
from scripts.bench.rounds import alternate
from scripts.bench.service import fal_in_thread, fal_process, make_store, serving
from scripts.bench.start_image import start_image
from tests.support.process import started
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import padded, small_video

ROUNDS = 4
JOBS = 100
"""Jobs of one round, all under way at once."""
CALLERS = 16
"""Concurrent requests to the service."""
VIDEO_BYTES = 100_000
LOOK_SECONDS = 0.1
"""Between two reads of the service's metrics, which take it some milliseconds."""
PATIENCE = 60.0


def measure(folder: Path) -> Iterator[Figure]:
    """Measure rounds of whole jobs, and of their parts."""
    image, video = folder / "canvas.png", folder / "video.mp4"
    image.write_bytes(start_image())
    video.write_bytes(padded(small_video(2, 640, 360), VIDEO_BYTES))
    with (
        fal_in_thread() as (portal, fal),
        serving(folder / "ours", fal.port) as service,
        parts_of(folder / "alone", image, video) as parts,
    ):
        whole = Whole(portal, fal, service.url, image.read_bytes(), video.read_bytes())
        rounds = alternate(ROUNDS, whole.round, parts.round)
    yield Figure(
        what=f"whole jobs, {JOBS} under way at once (embedded engine, local files, 100 KB videos)",
        measured=f"{1 / rounds.median:.1f} jobs/s, {rounds.median * 1000:.1f} ms each",
        beside=f"their parts alone: {rounds.baseline_median * 1000:.1f} ms, at best {parts}",
        values=[1 / ratio for ratio in rounds.ratios],
        goal=Goal("≥", 0.5),
    )


@contextmanager
def parts_of(folder: Path, image: Path, video: Path) -> "Iterator[Parts]":
    """Prepare a store and a fal for the parts alone."""
    folder.mkdir()
    make_store(folder)
    fal_settings = ("--video", str(video), "--steps", "COMPLETED")
    with fal_process(folder, *fal_settings) as port:
        yield Parts(folder, (str(port), str(image), str(video), str(JOBS)))


class Parts:
    """The parts of a job, run in a process of their own."""

    def __init__(self, folder: Path, arguments: tuple[str, ...]) -> None:
        self._folder = folder
        self._arguments = arguments
        self._rounds: list[dict[str, float]] = []

    def round(self) -> float:
        """Return the seconds per job, summed over the parts."""
        with started(self._folder, "scripts.bench.job_parts", *self._arguments) as process:
            assert process.exit_status() == 0, process.stderr
            self._rounds.append(json.loads(process.stdout))
        return sum(self._rounds[-1].values())

    def __str__(self) -> str:
        best = {name: min(each[name] for each in self._rounds) for name in self._rounds[0]}
        return ", ".join(f"{name} {seconds * 1000:.1f}" for name, seconds in best.items())


class Whole:
    """Whole jobs on one service."""

    def __init__(
        self, portal: BlockingPortal, fal: FalStandIn, url: str, image: bytes, video: bytes
    ) -> None:
        self._portal = portal
        self._fal = fal
        self._url = url
        self._image = image
        self._video = video
        self._ended = 0

    def round(self) -> float:
        """Return the seconds per job."""
        self._ended += JOBS
        return self._portal.call(self._run_jobs) / JOBS

    async def _run_jobs(self) -> float:
        async with httpx.AsyncClient(base_url=self._url, timeout=PATIENCE) as client:
            jobs = [
                DrivenJob(client, self._fal, f"user-{n % USERS}", self._image) for n in range(JOBS)
            ]
            began = time.perf_counter()
            async with asyncio.timeout(PATIENCE):
                await _all(DrivenJob.submit, jobs)
                await _all(DrivenJob.poll_until_running, jobs)
                await _all(lambda job: job.complete(self._video), jobs)
                await self._wait_for_all(client)
            return time.perf_counter() - began

    async def _wait_for_all(self, client: httpx.AsyncClient) -> None:
        """Wait until the service has completed all jobs."""
        while await self._completed(client) < self._ended:  # noqa: ASYNC110 another process
            await asyncio.sleep(LOOK_SECONDS)

    async def _completed(self, client: httpx.AsyncClient) -> float:
        if self._fal.count("media") < self._ended:
            return 0  # spares the service a scrape while videos are still to be fetched
        metrics = (await client.get("/metrics")).text.splitlines()
        ended = (line for line in metrics if line.startswith('video_jobs_ended_total{code="",'))
        return sum(float(line.rpartition(" ")[2]) for line in ended)


async def _all(step: Callable[[DrivenJob], Awaitable[None]], jobs: list[DrivenJob]) -> None:
    """Take a step for all jobs, ``CALLERS`` at a time."""
    places = asyncio.Semaphore(CALLERS)

    async def limited(job: DrivenJob) -> None:
        async with places:
            await step(job)

    await asyncio.gather(*map(limited, jobs))
