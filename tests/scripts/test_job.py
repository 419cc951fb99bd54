"""A job's history, as its operator reads it."""

import re

import pytest

from app.errors import ServiceError
from scripts.job import fail, history
from tests.support.clock import pass_time
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video


async def printed(run: Running, job_id: str) -> str:
    return "\n".join(await history(run.service.database, run.service.storage, job_id))


async def test_history_of_a_completed_job_shows_its_stages_credits_and_objects(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(job_id)
    fal.complete(fal.newest, small_video())
    key = (await run.finished(job_id))["key"]
    text = await printed(run, job_id)
    assert text.startswith(f"Job {job_id} of ada\n  Status    completed, done\n")
    assert f"  Request   {fal.newest}" in text
    stages = re.findall(r"^ +\d+  \+[\d.]+ +\w+ +(\w+)", text, re.MULTILINE)
    assert stages == ["submitting", "queued", "generating", "storing", "done"]
    assert re.findall(r"^  (\w+) +(\d+)  2", text, re.MULTILINE) == [
        ("hold", "10"),
        ("charge", "10"),
    ]
    assert f"{key}: {len(small_video()):,} bytes" in text


async def test_history_of_a_refunded_job_shows_the_refund(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    body = {"reason": "It flickers"}
    assert (await run.administer("POST", f"jobs/{job_id}/refund", body)).is_success
    refund = next(line for line in (await printed(run, job_id)).splitlines() if "refund" in line)
    assert re.fullmatch(r"  refund +10  20\S+ \S+ UTC", refund)


async def test_history_of_a_job_in_trouble_shows_the_reason_and_the_next_attempt(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", Answer(500), times=None)
    await pass_time(run, 30)
    text = await printed(run, job_id)
    assert "  Status    processing, storing" in text
    assert re.search(r"Trouble   The video's host answered 500\. \(1 times since 20", text)
    assert re.search(r"Due       20", text)
    assert text.count("no object") == 2


async def test_history_of_a_failed_job_shows_the_reason(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.fail(fal.newest, detail="Blocked")
    await run.finished(job_id)
    text = await printed(run, job_id)
    assert "  Error     fal_rejected: Blocked" in text
    assert "release" in text


async def test_the_history_is_printed_while_the_storage_is_away(run: Running) -> None:
    job_id = await run.submitted()
    run.lose_storage()
    text = await printed(run, job_id)
    assert "  hold " in text
    assert "Storage: not known. The storage folder fails" in text


async def test_an_unknown_job_is_refused(run: Running) -> None:
    with pytest.raises(ServiceError, match="There is no job"):
        await printed(run, "nobody")


async def test_a_job_is_ended_from_the_shell_and_written_down(run: Running) -> None:
    job_id = await run.submitted()
    await fail(run.service.database, job_id, "The user waits.")
    assert "  Error     interrupted: Support ended this job." in await printed(run, job_id)
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    (action,) = await run.rows("SELECT * FROM admin_action")
    assert (action["action"], action["key"], action["reason"]) == (
        "fail",
        "shell",
        "The user waits.",
    )
    with pytest.raises(ServiceError, match=f"Job {job_id} has ended already"):
        await fail(run.service.database, job_id, "Again.")


@pytest.mark.unaudited  # the damage is what it is about
async def test_a_job_that_the_driver_cannot_read_is_ended_from_the_shell_and_shown(
    run: Running,
) -> None:
    job_id = await run.submitted()
    await run.rows(
        "UPDATE video_job SET variables = { when: d'+12000-01-01T00:00:00Z' } RETURN NONE"
    )
    await fail(run.service.database, job_id, "The user waits.")
    text = await printed(run, job_id)
    assert "  Status    failed, done" in text
    assert "  Problem   the driver cannot read" in text
    assert "release" in text
    assert len(await run.rows("SELECT * FROM admin_action")) == 1


async def test_a_video_that_is_being_stored_is_not_ended_from_the_shell(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", Answer(500))
    await pass_time(run, 30)
    with pytest.raises(ServiceError, match="is being stored"):
        await fail(run.service.database, job_id, "Too slow.")
    with pytest.raises(ServiceError, match="no job nobody"):
        await fail(run.service.database, "nobody", "Who?")
    await pass_time(run, 60)
