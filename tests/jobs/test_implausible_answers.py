"""Implausible values in fal's answers: they are ignored or end their own job."""

from typing import Any

import pytest

from tests.support.clock import pass_retries
from tests.support.ledger import RELEASED
from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Alter, Answer
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize("position", [True, -1, 2**63, 10**30, 1.5, "3", None])
async def test_invalid_queue_position_is_left_out(
    run: Running, fal: FalStandIn, position: Any
) -> None:
    job_id = await run.submitted()
    fal.faults.add("status", Alter(queue_position=position), times=None)
    assert "queuePosition" not in await run.status(job_id)


@pytest.mark.parametrize("request_id", ["a\nb", "a\0b", "\ud800", "x" * 70_000, "", 5])
async def test_invalid_request_id_counts_as_a_lost_answer(
    run: Running, fal: FalStandIn, request_id: Any
) -> None:
    fal.faults.add("submit", Alter(request_id=request_id))
    answer = await run.submit()
    assert answer.status_code == 202
    job = await run.status(answer.json()["jobId"])
    assert job["error"]["code"] == "submit_unconfirmed"


@pytest.mark.parametrize("url", ["https://a\x00b", "https://\ud800.example", 5, {}])
@pytest.mark.parametrize("field", ["upload_url", "file_url"])
async def test_invalid_upload_url_counts_as_a_failed_upload(
    run: Running, fal: FalStandIn, field: str, url: Any
) -> None:
    fal.faults.add("upload", Answer(503), times=None)
    fal.faults.add("initiate", Alter(**{field: url}), times=None)
    assert_problem(await run.submit(), 502, "fal_unavailable")
    assert await run.money() == RELEASED


async def test_request_named_for_two_jobs_belongs_to_the_first(
    run: Running, fal: FalStandIn
) -> None:
    first, request_id = await run.submitted(), fal.newest
    fal.faults.add("submit", Alter(request_id=request_id))
    second = await run.submitted()
    fal.complete(request_id, small_video())
    assert (await run.finished(first))["status"] == "completed"
    assert (await run.status(second))["error"]["code"] == "submit_unconfirmed"
    assert await run.money() == (90, 0, ["grant", "hold", "hold", "release", "charge"])


@pytest.mark.parametrize("url", ["https://v3.fal.media/\u202e", "https://" + "x" * 70_000, "///"])
async def test_invalid_video_url_is_rejected_with_a_short_message(
    run: Running, fal: FalStandIn, url: str
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, output={"video": {"url": url}})
    job = await run.finished(job_id)
    assert job["error"]["code"] == "video_rejected"
    assert len(job["error"]["message"]) < 200
    assert await run.money() == RELEASED


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("https:fal.media/x", "video_rejected"),
        ("javascript:alert(1)", "video_rejected"),
        ("https://[::", "video_rejected"),
    ],
)
async def test_invalid_redirect_of_a_download_fails_the_job(
    run: Running, fal: FalStandIn, location: str, code: str
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(302, "", {"Location": location}), times=None)
    await pass_retries(run, job_id, times=13)
    job = await run.finished(job_id)
    assert job["error"]["code"] == code
    assert fal.contacted_hosts == []
    assert await run.money() == RELEASED
