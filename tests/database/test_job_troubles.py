"""The functions for troubles and due jobs: what counts, when a job fails, when it is due."""

from datetime import timedelta

import pytest

from app import times
from app.database.due_jobs import DueJobs
from app.database.job_store import JobStore
from app.database.limits import Limits
from app.domain.trouble import Trouble
from tests.support.clock import set_clock_ahead
from tests.support.job_functions import (
    BASE,
    LIMITS,
    ONCE_IN_A_WHILE,
    RUNNING,
    TROUBLE,
    Jobs,
    values_of,
)

UNCOUNTED = ONCE_IN_A_WHILE | {"count": None}
"""Limits of time alone."""


async def test_a_job_fails_after_too_many_troubles_in_a_row(jobs: Jobs) -> None:
    await jobs.queued("j")
    waits = []
    for _ in range(2):
        row = await jobs("postpone", "j", None, TROUBLE, ONCE_IN_A_WHILE)
        waits.append((row["due_at"] - row["updated_at"]).total_seconds())
    assert 1.4 < waits[0] < 2.6 < waits[1] < 5.1
    failed = await jobs("postpone", "j", None, TROUBLE, ONCE_IN_A_WHILE)
    assert values_of(failed, "status", "error_code", "error") == [
        *("failed", TROUBLE["code"], TROUBLE["message"])
    ]


async def test_a_job_fails_after_trouble_for_too_long_and_progress_resets_it(jobs: Jobs) -> None:
    await jobs.queued("j")
    await jobs("postpone", "j", None, TROUBLE, ONCE_IN_A_WHILE)
    await jobs("progress", "j", RUNNING, None)
    for seconds in range(0, 600, 100):
        await set_clock_ahead(jobs.database, seconds)
        row = await jobs("postpone", "j", None, TROUBLE, UNCOUNTED)
    assert values_of(row["trouble"], "count") == [6]
    await set_clock_ahead(jobs.database, 600)
    endless = UNCOUNTED | {"seconds": None}
    assert (await jobs("postpone", "j", None, TROUBLE, endless))["status"] == "processing"
    assert (await jobs("postpone", "j", None, TROUBLE, UNCOUNTED))["status"] == "failed"


@pytest.mark.parametrize("worker", ["worker", None])
async def test_time_in_which_nobody_tried_does_not_count(jobs: Jobs, worker: str | None) -> None:
    await jobs.queued("j")
    statuses = []
    for seconds in (0, 700, 760, *range(840, 1340, 100), 1310):
        await set_clock_ahead(jobs.database, seconds)
        if worker is not None:
            await jobs("claim", "j", worker, 25, BASE)
        row = await jobs("postpone", "j", worker, TROUBLE, UNCOUNTED)
        statuses.append(row["status"])
    assert statuses == ["processing" if worker else "pending"] * 8 + ["failed"]


async def test_time_of_a_try_counts_however_slow_it_is(jobs: Jobs) -> None:
    await jobs.claimed("j")
    await jobs("postpone", "j", "worker", TROUBLE, UNCOUNTED)
    await set_clock_ahead(jobs.database, 60)
    await jobs("claim", "j", "worker", 25, BASE)
    await set_clock_ahead(jobs.database, 900)
    assert (await jobs("postpone", "j", "worker", TROUBLE, UNCOUNTED))["status"] == "failed"


async def test_failures_in_a_row_count_although_nobody_tried_for_long_between_them(
    jobs: Jobs,
) -> None:
    await jobs.queued("j")
    counted = ONCE_IN_A_WHILE | {"count": 2}
    await jobs("postpone", "j", None, TROUBLE, counted)
    await set_clock_ahead(jobs.database, 700)
    assert (await jobs("postpone", "j", None, TROUBLE, counted))["status"] == "failed"


async def test_time_in_which_nobody_tried_counts_after_the_deadline(jobs: Jobs) -> None:
    await jobs.queued("j")
    statuses = []
    for hours in (0, 25, 26):
        await set_clock_ahead(jobs.database, hours * 3600)
        row = await jobs("postpone", "j", None, TROUBLE, UNCOUNTED)
        statuses.append(row["status"])
    assert statuses == ["pending", "pending", "failed"]


async def test_trouble_that_polls_meet_before_its_retry_writes_nothing(jobs: Jobs) -> None:
    await jobs.queued("j")
    first = await jobs("postpone", "j", None, TROUBLE, UNCOUNTED)
    again = await jobs("postpone", "j", None, TROUBLE, UNCOUNTED)
    assert again | {"postponed": True} == first
    assert "postponed" not in again
    await set_clock_ahead(jobs.database, 3)
    assert (await jobs("postpone", "j", None, TROUBLE, UNCOUNTED))["trouble"]["count"] == 2


async def test_a_due_job_is_taken_once_and_marked_when_its_deadline_is_over(jobs: Jobs) -> None:
    for job in "ab":
        await jobs.queued(job)
    await jobs.ended("ended", "failed")
    take = "video_job::take_due", 10, 15
    assert await jobs.database.call(*take) == []
    await set_clock_ahead(jobs.database, 16)
    assert [row["expired"] for row in await jobs.database.call(*take)] == [False, False]
    assert await jobs.database.call(*take) == []
    await set_clock_ahead(jobs.database, 24 * 3600 + 16)
    assert [row["expired"] for row in await jobs.database.call(*take)] == [True, True]


async def test_every_unfinished_job_is_due_within_a_minute_however_old_it_is(jobs: Jobs) -> None:
    longest = times.UNSEEN - times.SWEEP_INTERVAL
    trouble = Trouble(kind="status", code="fal_unavailable", message="fal did not answer.")
    due_jobs = DueJobs(jobs.database, Limits(**LIMITS))
    store = JobStore(jobs.database, Limits(**LIMITS), publish=lambda _: None)
    for job in "abcde":
        await jobs.queued(job)
    for hours in range(1, 12):
        await set_clock_ahead(jobs.database, hours * 3600)
        for taken in await due_jobs.take_due(5):
            row = await jobs("get", taken.job.id)
            assert row["due_at"] - row["updated_at"] < timedelta(hours=hours, seconds=longest)
    for number in range(12):
        await store.postpone("a", None, trouble)
        row = await jobs("get", "a")
        wait = row["due_at"] - row["updated_at"]
        assert wait < timedelta(hours=hours, seconds=longest), number


async def test_a_delivery_in_trouble_cannot_be_claimed_before_its_retry_time(jobs: Jobs) -> None:
    await jobs.claimed("j")
    await jobs("postpone", "j", "worker", TROUBLE, ONCE_IN_A_WHILE)
    claim = ("claim", "j", "other", 25, BASE)
    assert await jobs(*claim) is None
    await set_clock_ahead(jobs.database, 60)
    assert (await jobs(*claim))["trouble"]["count"] == 1


async def test_trouble_with_an_unknown_request_does_not_delay_the_delivery(jobs: Jobs) -> None:
    await jobs.queued("j")
    unknown = {"kind": "unknown_to_fal", "code": "fal_unavailable", "message": "Unknown."}
    await jobs("postpone", "j", None, unknown, ONCE_IN_A_WHILE)
    assert (await jobs("claim", "j", "worker", 25, BASE)).get("trouble") is None
    await set_clock_ahead(jobs.database, 700)
    row = await jobs("postpone", "j", "worker", TROUBLE, ONCE_IN_A_WHILE)
    assert values_of(row, "status") == ["processing"]


@pytest.mark.parametrize("before", ["open", "submitting"])
async def test_a_process_with_a_shorter_submit_timeout_does_not_take_a_submit_of_another(
    jobs: Jobs, before: str
) -> None:
    due_jobs = DueJobs(jobs.database, Limits(**LIMITS))
    await jobs.open("j", limits=LIMITS | {"silence": 3660})
    if before == "submitting":
        await jobs("submitting", "j", 3660)
    assert await due_jobs.take_due(5) == []
    await set_clock_ahead(jobs.database, 3661)
    assert [each.job.id for each in await due_jobs.take_due(5)] == ["j"]


@pytest.mark.parametrize("before", ["open", "submitting"])
async def test_a_submit_that_began_by_a_clock_that_was_ahead_is_due(
    jobs: Jobs, before: str
) -> None:
    due_jobs = DueJobs(jobs.database, Limits(**LIMITS))
    await set_clock_ahead(jobs.database, 600)
    await jobs.bring_to(before)
    if before == "open":  # the default of the field is the real time
        await jobs.database.query(
            "DEFINE FIELD OVERWRITE created_at ON video_job TYPE datetime;"
            "UPDATE video_job SET created_at = fn::clock::now()"
        )
    await set_clock_ahead(jobs.database, 0)
    assert [each.job.id for each in await due_jobs.take_due(5)] == ["j"]
