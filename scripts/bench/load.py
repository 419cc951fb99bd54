"""Status polls while the same process stores eight videos and serves 500 event streams.

A round measures the bare route and the idle service before the load begins, so that the load does
not slow them down.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from scripts.bench.figure import Figure, Goal
from scripts.bench.service import fal_in_thread, scrape, serving, status_url, submit
from scripts.bench.wrk import wrk
from tests.support.process import PATIENCE, started
from tests.support.service import SUBMIT
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Effect
from tests.support.stand_ins.videos import padded, small_video
from tests.support.tokens import bearer

ROUNDS = 4
DELIVERIES = 8
STREAMS = 500
"""One per user: it carries all jobs of the user."""
VIDEO_BYTES = 16 * 1024 * 1024
PIECE = 64 * 1024
BYTES_PER_SECOND = 1024 * 1024
"""The rate at which each video arrives: it takes longer than a measurement."""


def measure(folder: Path) -> Iterator[Figure]:
    """Compare polls under load with a bare route, and with polls of the idle service."""
    slow_media, bare, quiet, loaded = SlowMedia(), [], [], []
    with (
        fal_in_thread() as (_, fal),
        serving(folder / "ours", fal.port) as service,
        started(folder, "scripts.bench.bare", "json") as route,
    ):
        route.until_ready()
        fal.faults.add("media", slow_media, times=None)
        polled = status_url(service.url, submit(service.url))
        fal.advance(fal.newest, "IN_PROGRESS")
        for _ in range(ROUNDS):
            bare.append(wrk(f"{route.url}/json"))
            quiet.append(wrk(polled))
            with _deliveries(service.url, fal, slow_media), _streams(folder, service.url):
                _require_load(service.url)
                loaded.append(wrk(polled))
                _require_load(service.url)
    rate, base = (statistics.median(load.rate for load in loads) for loads in (loaded, bare))
    yield Figure(
        what=f"Status polls beside {DELIVERIES} deliveries and {STREAMS} event streams",
        measured=f"{rate:,.0f}/s",
        beside=f"a bare Starlette route without load: {base:,.0f}/s",
        values=[ours.rate / its.rate for ours, its in zip(loaded, bare, strict=True)],
        goal=Goal("≥", 0.5),
    )
    late, usual = (statistics.median(load.p99 for load in loads) for loads in (loaded, quiet))
    yield Figure(
        what="99th percentile of these polls",
        measured=f"{late * 1000:.1f} ms",
        beside=f"the same without the load: {usual * 1000:.1f} ms",
        values=[ours.p99 / its.p99 for ours, its in zip(loaded, quiet, strict=True)],
        goal=Goal("≤", 5),
    )


class SlowMedia:
    """A fault of the media host: videos arrive slowly until ``at_full_speed`` is set."""

    at_full_speed = False

    async def __call__(self, effect: Effect, _line: asyncio.Transport) -> ASGIApp:
        response = effect()
        body = bytes(response.body)

        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            start = {"type": "http.response.start", "status": response.status_code}
            await send({**start, "headers": response.raw_headers})
            for at in range(0, len(body), PIECE):
                piece = body[at : at + PIECE]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0 if self.at_full_speed else PIECE / BYTES_PER_SECOND)
            await send({"type": "http.response.body"})

        return answer


@contextmanager
def _deliveries(url: str, fal: FalStandIn, slow_media: SlowMedia) -> Iterator[None]:
    """Deliver videos slowly; at the end let them all finish."""
    slow_media.at_full_speed = False
    jobs = {}
    for number in range(DELIVERIES):
        user = f"user-{number}"
        jobs[submit(url, user=user)] = user
        fal.complete(fal.newest, padded(small_video(), VIDEO_BYTES))
    for job_id, user in jobs.items():
        _status(url, job_id, user)
    _until(lambda: _under_way(url) == DELIVERIES)
    yield
    slow_media.at_full_speed = True
    _until(lambda: all(_status(url, *job) == "completed" for job in jobs.items()))


@contextmanager
def _streams(folder: Path, url: str) -> Iterator[None]:
    arguments = f"{url}{SUBMIT}/events", str(STREAMS), str(STREAMS), "never sent"
    with started(folder, "scripts.bench.listeners", *arguments) as listeners:
        listeners.until(lambda: "open" in listeners.stdout)
        yield


def _status(url: str, job_id: str, user: str) -> str:
    answer = httpx.get(status_url(url, job_id), headers=bearer(user)).raise_for_status()
    return str(answer.json()["status"])


def _under_way(url: str) -> float:
    return sum(scrape(url, "video_deliveries_in_progress").values())


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "the deliveries make no progress"
        time.sleep(0.1)


def _require_load(url: str) -> None:
    streams = sum(scrape(url, "event_streams_open").values())
    assert (_under_way(url), streams) == (DELIVERIES, STREAMS), "the load is not complete"
