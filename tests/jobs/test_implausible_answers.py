"""Lies and nonsense from outside: they end where they are told, and hold up nobody else."""

import asyncio
from typing import Any

import pytest

from app import times
from app.domain.job import DueJob
from app.settings import Settings
from app.telemetry.seam import direct
from tests.jobs.test_refresh import queued
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, RELEASED
from tests.support.refusals import assert_problem
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Alter, Answer
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer


@pytest.mark.parametrize("position", [True, -1, 2**63, 10**30, 1.5, "3", None])
async def test_place_in_the_queue_that_cannot_be_is_left_out(
    run: Running, fal: FalStandIn, position: Any
) -> None:
    job_id, _ = await queued(run, fal)
    fal.faults.add("status", Alter(queue_position=position), times=None)
    assert "queuePosition" not in await run.status(job_id)


@pytest.mark.parametrize("request_id", ["a\nb", "a\0b", "\ud800", "x" * 70_000, "", 5])
async def test_request_id_that_cannot_be_is_a_lost_answer(
    run: Running, fal: FalStandIn, request_id: Any
) -> None:
    fal.faults.add("submit", Alter(request_id=request_id))
    answer = await run.submit()
    assert answer.status_code == 202
    job = await run.status(answer.json()["jobId"])
    assert job["error"]["code"] == "submit_unconfirmed"


@pytest.mark.parametrize("url", ["https://a\x00b", "https://\ud800.example", 5, {}])
@pytest.mark.parametrize("field", ["upload_url", "file_url"])
async def test_upload_to_no_address_is_a_storage_that_fails(
    run: Running, fal: FalStandIn, field: str, url: Any
) -> None:
    fal.faults.add("upload", Answer(503), times=None)
    fal.faults.add("initiate", Alter(**{field: url}), times=None)
    assert_problem(await run.submit(), 502, "fal_unavailable")
    assert await run.money() == RELEASED


async def test_request_that_fal_names_twice_is_one_video_and_paid_for_once(
    run: Running, fal: FalStandIn
) -> None:
    first, request_id = await queued(run, fal)
    fal.faults.add("submit", Alter(request_id=request_id))
    second = await run.submitted()
    fal.complete(request_id, small_video())
    assert (await run.finished(first))["status"] == "completed"
    assert (await run.status(second))["error"]["code"] == "submit_unconfirmed"
    assert await run.money() == (90, 0, ["grant", "hold", "hold", "release", "charge"])


@pytest.mark.parametrize("url", ["https://v3.fal.media/\u202e", "https://" + "x" * 70_000, "///"])
async def test_address_that_cannot_be_is_no_video(run: Running, fal: FalStandIn, url: str) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, output={"video": {"url": url}})
    job = await run.finished(job_id)
    assert job["error"]["code"] == "video_rejected"
    assert len(job["error"]["message"]) < 200
    assert await run.money() == RELEASED


@pytest.mark.parametrize("location", ["https:fal.media/x", "javascript:alert(1)", "https://[::"])
async def test_redirect_to_no_address_is_no_video(
    run: Running, fal: FalStandIn, location: str
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(302, "", {"Location": location}), times=None)
    await run.status(job_id)
    await run.wait_for_background()
    for minute in range(1, 14):
        await pass_time(run, minute * 80)
    job = await run.finished(job_id)
    assert job["error"]["code"] in {"video_rejected", "video_unavailable"}
    assert fal.contacted_hosts == []


async def test_troubles_that_take_turns_come_to_an_end(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(404), times=None)
    await run.status(job_id)
    await run.wait_for_background()
    for minute in range(1, 16):
        fal.faults.add("result", Answer(503), times=minute % 2)
        await pass_time(run, minute * 80)
    assert (await run.status(job_id))["status"] == "failed"
    assert await run.money() == RELEASED


async def test_fault_in_a_delivery_ends_the_job_and_gives_the_hold_back(
    settings: Settings, fal: FalStandIn
) -> None:
    async def faulty(name: str, call: Any) -> Any:
        if name == "media.download":
            raise ZeroDivisionError
        return await direct(name, call)

    async with running(settings, fal, seam=faulty) as run:
        job_id, request_id = await queued(run, fal)
        fal.complete(request_id, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 9):
            await pass_time(run, minute * 80)
        assert (await run.status(job_id))["status"] == "failed"
        assert await run.money() == RELEASED


async def test_job_that_cannot_be_processed_does_not_hold_up_the_others(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 0.02)
    async with running(settings, fal) as run:
        odd, _ = await queued(run, fal)
        well, request_id = await queued(run, fal)
        fal.complete(request_id, small_video())
        process_due = run.service.lifecycle.process_due

        async def fails_for_one(due: DueJob) -> None:
            if due.job.id == odd:
                raise ZeroDivisionError
            await process_due(due)

        monkeypatch.setattr(run.service.lifecycle, "process_due", fails_for_one)
        await set_clock_ahead(run.service.database, 60)
        async with asyncio.timeout(20):
            while "completed" not in await run.rows(  # noqa: ASYNC110 the sweep tells nobody
                "SELECT VALUE status FROM video_job"
            ):
                await asyncio.sleep(0.02)
        await run.wait_for_background()
        assert (await run.status(well))["status"] == "completed"


async def test_bad_template_is_left_out_and_the_others_stay_on_offer(run: Running) -> None:
    await run.rows(
        "CREATE template:broken SET title = 'x', description = 'x', credits = 1, "
        "fal_model = 'a/b', image_field = 'image_url', prompt = '{nothing}'"
    )
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    assert "broken" not in {template["slug"] for template in catalogue}
    assert (await run.submit()).status_code == 202


@pytest.mark.parametrize("charset", ["undefined", "punycode", "idna", "nonsense", "utf-16"])
async def test_character_set_that_is_none_is_no_fault_of_ours(run: Running, charset: str) -> None:
    answer = await run.client.post(
        SUBMIT,
        content=b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n\xff{}\r\n--b--\r\n',
        headers=bearer() | {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"},
    )
    assert answer.status_code == 400


async def test_storage_that_is_gone_is_said_to_be_away(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    await run.finished(job_id)
    folder = run.service.settings.storage_dir
    away = run.lose_storage()
    for path in ("/api/templates/video/status", "/api/library", "/readyz", "/media/users/x.mp4"):
        assert_problem(await run.get(path, jobId=job_id), 503, "storage_unavailable")
    folder.unlink()
    away.rename(folder)
    assert await run.money() == CHARGED


async def test_callback_about_a_request_of_others_takes_no_job(
    settings: Settings, fal: FalStandIn
) -> None:
    public = settings.model_copy(update={"public_url": "https://videos.example.com"})
    async with running(public, fal) as run:
        fal.faults.add("submit", Alter(request_id=None))
        job_id = await run.submitted()
        own = fal.newest
        body = b'{"request_id": "foreign"}'
        headers = fal.webhooks.sign("foreign", body)
        answer = await run.client.post(
            "/api/webhooks/fal", params={"jobId": job_id}, headers=headers, content=body
        )
        assert answer.status_code == 502  # of its own, fal may know it only later
        assert (await run.status(job_id))["status"] == "pending"
        fal.complete(own, small_video())
        assert (await fal.call_back(run.client, own)).status_code == 200
        assert (await run.finished(job_id))["status"] == "completed"
