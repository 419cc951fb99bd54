"""Event streams over a real socket: each change is sent once, until the job ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from app import times
from app.api import streams
from app.database.errors import StatementRejected
from app.jobs import live_updates
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.event_streams import EVENTS, open_stream
from tests.support.process import PATIENCE
from tests.support.refusals import assert_problem
from tests.support.service import Running, over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer


@pytest.fixture(autouse=True)
def _fast_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_updates, "REFRESH_INTERVAL", 0.02)


@pytest.fixture
async def address(run: Running) -> AsyncIterator[str]:
    async with over_a_socket(run) as url:
        yield url


async def test_stream_of_a_job_sends_each_change_and_ends_with_the_job(
    run: Running, fal: FalStandIn, address: str
) -> None:
    job_id = await run.submitted()
    (request_id,) = fal.requests
    async with open_stream(address, jobId=job_id) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert stream.answer.headers["cache-control"] == "no-store, no-transform"
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


async def test_stream_of_all_jobs_includes_jobs_that_start_later(
    run: Running, fal: FalStandIn, address: str
) -> None:
    first = await run.submitted()
    async with open_stream(address) as stream:
        assert (await stream.event())["jobId"] == first
        second = await run.submitted()
        await stream.until(jobId=second)
        for request_id in list(fal.requests):
            fal.complete(request_id, small_video())
        ended = [await stream.until(status="completed") for _ in range(2)]
        assert {job["jobId"] for job in ended} == {first, second}


async def test_stream_sends_no_jobs_of_other_users(
    run: Running, fal: FalStandIn, address: str
) -> None:
    foreign, request_id = await run.submitted(user="bob"), fal.newest
    async with open_stream(address) as stream:
        own = await run.submitted()
        fal.advance(request_id, "IN_PROGRESS")
        await run.status(foreign, user="bob")
        assert (await stream.event())["jobId"] == own
    refused = await run.get(EVENTS, jobId=foreign)
    assert_problem(refused, 404, "job_not_found")


async def test_reconnected_client_gets_the_present_state_at_once(
    run: Running, fal: FalStandIn, address: str
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    async with open_stream(address, jobId=job_id, headers={"Last-Event-ID": "1"}) as stream:
        assert (await stream.event())["status"] == "completed"
        assert await stream.rest() == []


async def test_event_source_that_returns_after_the_last_event_is_told_to_stop(
    run: Running, fal: FalStandIn, address: str
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    async with open_stream(address, jobId=job_id) as stream:
        await stream.until(status="completed")
        assert await stream.rest() == []
    back = bearer() | {"Last-Event-ID": stream.ids[-1]}
    for _ in range(2):
        answer = await run.client.get(EVENTS, params={"jobId": job_id}, headers=back)
        assert (answer.status_code, answer.content) == (204, b"")
    foreign = await run.client.get(EVENTS, params={"jobId": job_id}, headers=back | bearer("bob"))
    assert_problem(foreign, 404, "job_not_found")
    async with open_stream(address, headers={"Last-Event-ID": stream.ids[-1]}):
        pass  # the stream of all jobs stays open for those to come


async def test_silent_stream_sends_comments_and_ends_with_a_reconnect_time(
    run: Running, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SILENCE", 0.01)
    monkeypatch.setattr(times, "STREAM", 1.0)
    await run.submitted()
    async with open_stream(address) as stream:
        await stream.event()
        lines = await stream.rest()
    assert ": still here" in lines
    assert lines[-1] == "retry: 1000"


async def test_stopping_service_ends_its_streams_with_a_reconnect_time(
    run: Running, address: str
) -> None:
    await run.submitted()
    async with open_stream(address) as stream:
        await stream.event()
        run.service.stopping.set()
        assert (await stream.rest())[-1] == "retry: 1000"
    assert_problem(await run.submit(), 503, "shutting_down")
    assert_problem(await run.client.get("/readyz"), 503, "shutting_down")
    assert_problem(await run.get(EVENTS), 503, "shutting_down")
    assert (await run.client.get("/healthz")).status_code == 200


async def test_stream_beyond_the_users_limit_is_refused_until_one_closes(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "STREAM", 0.5)
    few = settings.model_copy(update={"max_streams_per_user": 2})
    async with running(few, fal) as run, over_a_socket(run) as address:
        async with open_stream(address), open_stream(address):
            refused = await run.get(EVENTS)
            assert_problem(refused, 429, "too_many_streams")
            assert refused.headers["retry-after"]
            async with open_stream(address, user="bob"):
                pass
        while run.service.subscriptions._by_user:  # noqa: ASYNC110 nothing signals that a stream has closed
            await asyncio.sleep(0.01)
        await run.wait_for_background()  # which returns the places
        async with open_stream(address):
            pass


async def test_head_is_answered_at_once_and_opens_no_stream(
    settings: Settings, fal: FalStandIn
) -> None:
    one = settings.model_copy(update={"max_streams_per_user": 1})
    async with (
        running(one, fal) as run,
        over_a_socket(run) as address,
        httpx.AsyncClient(base_url=address, headers=bearer(), timeout=PATIENCE) as browser,
    ):
        head = await browser.head(EVENTS)
        assert head.status_code == 200
        async with open_stream(address) as stream:
            ours = {"date", "x-request-id", "transfer-encoding"}
            assert head.headers.keys() - ours == stream.answer.headers.keys() - ours
            assert head.headers["content-type"] == stream.answer.headers["content-type"]
        assert (await browser.get("/healthz")).is_success  # the connection is free
        for headers, query, status in (({"Authorization": ""}, {}, 401), ({}, {"jobId": ""}, 400)):
            refused = await browser.head(EVENTS, headers=headers, params=query)
            assert refused.status_code == status


async def test_fifty_streams_of_a_job_share_its_refreshes(
    settings: Settings, fal: FalStandIn
) -> None:
    many = settings.model_copy(update={"max_streams_per_user": 50})
    async with running(many, fal) as run, over_a_socket(run) as address:
        job_id = await run.submitted()

        async def listen() -> dict[str, Any]:
            async with open_stream(address, jobId=job_id) as stream:
                return await stream.until(status="completed")

        streams_open = [asyncio.create_task(listen()) for _ in range(50)]
        fal.complete(fal.newest, small_video())
        assert len({job["key"] for job in await asyncio.gather(*streams_open)}) == 1
        assert fal.count("result") == 1
        assert fal.count("status") <= 3


async def test_stream_continues_when_the_database_refuses_to_look_up_new_jobs(
    settings: Settings, fal: FalStandIn
) -> None:
    asked = asyncio.Event()

    async def refused(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "db.video_job::under_way":
            asked.set()
            raise StatementRejected("no such function")
        return await call()

    async with (
        running(settings, fal, seam=refused) as run,
        over_a_socket(run) as address,
        open_stream(address) as stream,
    ):
        await run.submitted()
        await asked.wait()
        asked.clear()
        await asked.wait()
        fal.advance(fal.newest, "IN_PROGRESS")
        assert (await stream.until(status="processing"))["stage"] == "generating"


@pytest.mark.parametrize("query", [{"jobId": ""}, {"jobId": "x" * 201}])
async def test_stream_with_an_invalid_job_id_is_refused(
    run: Running, query: dict[str, str]
) -> None:
    assert_problem(await run.get(EVENTS, **query), 400, "invalid_query")


async def test_stream_needs_a_token(run: Running) -> None:
    assert_problem(await run.client.get(EVENTS), 401, "unauthenticated")
