"""Status polls of one running job: tokens are checked, 32 connections, one process."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scripts.bench.figure import Figure, Goal
from scripts.bench.rounds import Rounds, alternate
from scripts.bench.service import fal_in_thread, serving, status_url, submit
from scripts.bench.wrk import wrk
from tests.support.process import started

ROUNDS = 9
FEWER_ROUNDS = 5


def measure(folder: Path) -> Iterator[Figure]:
    """Compare a poll with a bare route, with a raw ASGI answer, and with the replaced design."""
    with (
        fal_in_thread() as (_, fal),
        serving(folder / "ours", fal.port) as service,
        started(folder, "scripts.bench.bare", "json") as route,
        started(folder, "scripts.bench.bare", "raw") as limit,
    ):
        job_id = submit(service.url)
        request = fal.requests[fal.newest]
        fal.advance(request.request_id, "IN_PROGRESS")
        arguments = request.model, request.request_id
        environment = {"FAL_PORT": str(fal.port)}
        with started(folder, "scripts.bench.replaced", *arguments, **environment) as replaced:
            for each in (route, limit, replaced):
                each.until_ready()
            ours = partial(_rate, status_url(service.url, job_id))
            yield _figure(
                alternate(ROUNDS, ours, partial(_rate, f"{route.url}/json")),
                "a bare Starlette route",
                Goal("≥", 1.0),
            )
            yield _figure(
                alternate(FEWER_ROUNDS, ours, partial(_rate, limit.url)),
                "a raw ASGI answer, the upper limit",
            )
            url = f"{replaced.url}/status?jobId={request.request_id}"
            yield _figure(
                alternate(FEWER_ROUNDS, ours, partial(_rate, url)),
                "the replaced design: every poll asks the database and fal",
                Goal("≥", 50),
            )


def _rate(url: str) -> float:
    return wrk(url).rate


def _figure(rounds: Rounds, baseline: str, goal: Goal | None = None) -> Figure:
    return Figure(
        what="Status polls",
        measured=f"{rounds.median:,.0f}/s",
        beside=f"{baseline}: {rounds.baseline_median:,.0f}/s",
        values=rounds.ratios,
        goal=goal,
    )
