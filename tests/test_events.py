"""Event streams over a real socket: every change, once, until the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app import streams
from app.settings import Settings
from tests.service import Running, over_a_socket, running
from tests.stand_ins.fal import FalStandIn
from tests.stand_ins.fal_faults import Hang
from tests.stand_ins.videos import small_video
from tests.test_routes import problem
from tests.tokens import bearer

PATH = "/api/templates/video/events"


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOK_INTERVAL", 0.02)


@pytest.fixture
async def address(run: Running) -> AsyncIterator[str]:
    async with over_a_socket(run) as url:
        yield url


class Stream:
    """A browser that listens."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.lines = answer.aiter_lines()
        self.ids: list[str] = []

    async def event(self) -> dict[str, Any]:
        """Wait for the next event, and return its data."""
        async for line in self.lines:
            if line.startswith("id: "):
                self.ids.append(line.removeprefix("id: "))
            if line.startswith("data: "):
                return dict(json.loads(line.removeprefix("data: ")))
        raise EOFError

    async def until(self, **expected: Any) -> dict[str, Any]:
        while True:
            job = await self.event()
            if expected.items() <= job.items():
                return job

    async def rest(self) -> list[str]:
        return [line async for line in self.lines if line]


@asynccontextmanager
async def listening(
    address: str, *, user: str = "ada", headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(base_url=address, headers=bearer(user) | (headers or {})) as browser,
        browser.stream("GET", PATH, params=query) as answer,
    ):
        assert answer.status_code == 200
        yield Stream(answer)


async def test_stream_of_a_job_tells_each_change_and_ends_with_it(
    run: Running, fal: FalStandIn, address: str
) -> None:
    job_id = await run.submitted()
    (request_id,) = fal.requests
    async with listening(address, jobId=job_id) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert (await stream.event())["stage"] == "queued"
        fal.advance(request_id, "IN_QUEUE", queue_position=4)
        await stream.until(queuePosition=4)
        fal.advance(request_id, "IN_PROGRESS")
        await stream.until(stage="generating")
        fal.complete(request_id, small_video())
        done = await stream.until(status="completed")
        assert done == await run.status(job_id)
        assert await stream.rest() == []
        assert stream.ids == sorted(set(stream.ids), key=int)


async def test_stream_of_all_jobs_lets_new_ones_join(
    run: Running, fal: FalStandIn, address: str
) -> None:
    first = await run.submitted()
    async with listening(address) as stream:
        assert (await stream.event())["jobId"] == first
        second = await run.submitted()
        await stream.until(jobId=second)
        for request_id in list(fal.requests):
            fal.complete(request_id, small_video())
        ended = [await stream.until(status="completed") for _ in range(2)]
        assert {job["jobId"] for job in ended} == {first, second}


async def test_stream_tells_nothing_of_other_users(
    run: Running, fal: FalStandIn, address: str
) -> None:
    foreign = await run.submitted(user="bob")
    async with listening(address) as stream:
        own = await run.submitted()
        fal.advance(next(iter(fal.requests)), "IN_PROGRESS")
        await run.status(foreign, user="bob")
        assert (await stream.event())["jobId"] == own
    refused = await run.get(PATH, jobId=foreign)
    problem(refused, 404, "job_not_found")


async def test_who_comes_back_gets_the_present_state_at_once(
    run: Running, fal: FalStandIn, address: str
) -> None:
    job_id = await run.submitted()
    fal.complete(next(iter(fal.requests)), small_video())
    await run.finished(job_id)
    async with listening(address, jobId=job_id, headers={"Last-Event-ID": "1"}) as stream:
        assert (await stream.event())["status"] == "completed"
        assert await stream.rest() == []


async def test_silence_is_broken_by_comments_and_the_end_is_a_hint_to_come_back(
    run: Running, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SILENCE", 0.01)
    monkeypatch.setattr(streams, "LIFETIME", 0.1)
    await run.submitted()
    async with listening(address) as stream:
        await stream.event()
        lines = await stream.rest()
    assert ": still here" in lines
    assert lines[-1] == "retry: 1000"


async def test_stopping_ends_the_streams_with_a_hint(run: Running, address: str) -> None:
    await run.submitted()
    async with listening(address) as stream:
        await stream.event()
        run.service.stopping.set()
        assert (await stream.rest())[-1] == "retry: 1000"
    problem(await run.submit(), 503, "shutting_down")
    problem(await run.client.get("/readyz"), 503, "shutting_down")
    problem(await run.get(PATH), 503, "shutting_down")
    assert (await run.client.get("/healthz")).status_code == 200


async def test_submit_whose_upload_began_before_the_end_is_refused(
    settings: Settings, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("upload", hang)
    async with running(settings, fal) as run:
        under_way = asyncio.create_task(run.submit())
        await hang.reached.wait()
        run.service.stopping.set()
        hang.released.set()
        assert (await under_way).status_code == 202
        assert (await run.submit()).status_code == 503


async def test_streams_of_a_user_are_bounded(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LIFETIME", 0.5)
    few = settings.model_copy(update={"max_streams_per_user": 2})
    async with running(few, fal) as run, over_a_socket(run) as address:
        async with listening(address), listening(address):
            refused = await run.get(PATH)
            problem(refused, 429, "too_many_streams")
            assert refused.headers["retry-after"]
            async with listening(address, user="bob"):
                pass
        while run.service.streams._listeners:  # noqa: ASYNC110 nobody is told when they go
            await asyncio.sleep(0.01)
        async with listening(address):
            pass


async def test_fifty_streams_cost_fal_no_more_than_one(settings: Settings, fal: FalStandIn) -> None:
    many = settings.model_copy(update={"max_streams_per_user": 50})
    async with running(many, fal) as run, over_a_socket(run) as address:
        job_id = await run.submitted()

        async def listen() -> dict[str, Any]:
            async with listening(address, jobId=job_id) as stream:
                return await stream.until(status="completed")

        streams_open = [asyncio.create_task(listen()) for _ in range(50)]
        fal.complete(next(iter(fal.requests)), small_video())
        assert len({job["key"] for job in await asyncio.gather(*streams_open)}) == 1
        assert fal.count("result") == 1
        assert fal.count("status") <= 3


@pytest.mark.parametrize("query", [{"jobId": ""}, {"jobId": "x" * 201}])
async def test_stream_of_no_job_is_refused(run: Running, query: dict[str, str]) -> None:
    problem(await run.get(PATH, **query), 400, "invalid_query")


async def test_stream_needs_a_token(run: Running) -> None:
    problem(await run.client.get(PATH), 401, "unauthenticated")
