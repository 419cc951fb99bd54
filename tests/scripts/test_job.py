"""A job's story, as its operator reads it."""

import re

import pytest

from app.errors import ServiceError
from scripts.job import story
from tests.support.clock import pass_time
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video


async def told(run: Running, job_id: str) -> str:
    return "\n".join(await story(run.service.database, run.service.storage, job_id))


async def test_story_of_a_completed_job_tells_all_its_steps_its_money_and_its_objects(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(job_id)
    fal.complete(fal.newest, small_video())
    key = (await run.finished(job_id))["key"]
    text = await told(run, job_id)
    assert text.startswith(f"Job {job_id} of ada\n  Status    completed, done\n")
    assert f"  Request   {fal.newest}" in text
    stages = re.findall(r"^ +\d+  \+[\d.]+ +\w+ +(\w+)", text, re.MULTILINE)
    assert stages == ["submitting", "queued", "generating", "storing", "done"]
    assert re.findall(r"^  (\w+) +(\d+)  2", text, re.MULTILINE) == [
        ("hold", "10"),
        ("charge", "10"),
    ]
    assert f"{key}: {len(small_video()):,} bytes" in text


async def test_story_of_a_job_in_trouble_tells_what_is_tried_again_and_when(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", Answer(500), times=None)
    await pass_time(run, 30)
    text = await told(run, job_id)
    assert "  Status    processing, storing" in text
    assert re.search(r"Trouble   The video's host answered 500\. \(1 times since 20", text)
    assert re.search(r"Due       20", text)
    assert text.count("nothing there") == 2


async def test_story_of_a_job_that_failed_tells_why(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.fail(fal.newest, detail="Blocked")
    await run.finished(job_id)
    text = await told(run, job_id)
    assert "  Error     fal_rejected: Blocked" in text
    assert "release" in text


async def test_there_is_no_story_of_no_job(run: Running) -> None:
    with pytest.raises(ServiceError, match="no job nobody"):
        await told(run, "nobody")
