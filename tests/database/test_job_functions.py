"""The database's functions for jobs, called repeatedly, too late or in the wrong state."""

from contextlib import suppress
from datetime import timedelta

import pytest

from app import times
from app.database.due_jobs import DueJobs
from app.database.errors import StatementRejected, Thrown
from app.database.job_store import JobStore
from app.database.limits import Limits
from app.domain.trouble import Trouble
from tests.support.clock import set_clock_ahead
from tests.support.job_functions import (
    BASE,
    LIMITS,
    NO_WEBHOOK,
    ONCE_IN_A_WHILE,
    RUNNING,
    TROUBLE,
    VIDEO,
    WAITING,
    WEBHOOK,
    Jobs,
    values_of,
    without_times,
)

UNCOUNTED = ONCE_IN_A_WHILE | {"count": None}
"""Limits of time alone."""


@pytest.mark.parametrize(
    ("before", "function", "arguments"),
    [
        ("open", "submitting", (120,)),
        ("open", "queued", ("fal-j", 3, 15)),
        ("open", "unconfirmed", (WEBHOOK,)),
        ("submitting", "unanswered", (NO_WEBHOOK, 10)),
        ("submitting", "unconfirmed", (WEBHOOK,)),
        ("submitting", "unconfirmed", (NO_WEBHOOK,)),
        ("queued", "progress", (WAITING, 2)),
        ("queued", "progress", (RUNNING, None)),
        ("queued", "ask_to_cancel", ()),
        ("queued", "cancelled", (None,)),
        ("queued", "claim", ("worker", 25, BASE)),
        ("claimed", "extend", ("worker", 25)),
        ("claimed", "rekey", ("worker", f"{BASE}.mp4", BASE)),
        ("claimed", "complete", ("worker", VIDEO)),
        ("claimed", "fail", ("worker", "fal_rejected", "No.")),
    ],
)
async def test_a_repeated_call_returns_the_same_and_changes_nothing(
    jobs: Jobs, before: str, function: str, arguments: tuple[object, ...]
) -> None:
    await jobs.bring_to(before)
    first = await jobs(function, "j", *arguments)
    left, changes = await jobs.traces(), jobs.changes
    again = await jobs(function, "j", *arguments)
    assert without_times(again) == without_times(first)
    assert jobs.changes == changes, "a repeated call changes nothing and says so"
    assert await jobs.traces() == left


async def test_a_repeated_open_returns_the_same_and_changes_nothing(jobs: Jobs) -> None:
    first = await jobs.open("j", once=("key", "content"))
    left, changes = await jobs.traces(), jobs.changes
    assert await jobs.open("j", once=("key", "content")) == first
    assert jobs.changes == changes == 1
    assert await jobs.traces() == left


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_job_that_has_ended_never_changes(jobs: Jobs, status: str) -> None:
    ended = await jobs.ended("j", status)
    left, changes = await jobs.traces(), jobs.changes
    for function, arguments in [
        ("submitting", (120,)),
        ("queued", ("fal-other", 1, 15)),
        ("unconfirmed", (NO_WEBHOOK,)),
        ("unanswered", (NO_WEBHOOK, 10)),
        ("progress", (RUNNING, None)),
        ("claim", ("worker", 25, BASE)),
        ("extend", ("worker", 25)),
        ("rekey", ("worker", f"{BASE}.mp4", BASE)),
        ("complete", ("worker", VIDEO)),
        ("fail", ("worker", "interrupted", "Late.")),
        ("ask_to_cancel", ()),
        ("cancelled", ("worker",)),
        ("postpone", ("worker", TROUBLE, ONCE_IN_A_WHILE)),
    ]:
        with suppress(Thrown):
            await jobs(function, "j", *arguments)
    await jobs.database.call("video_job::take_due", 10, 15)
    for other in {"pending", "completed", "failed"} - {status}:
        with pytest.raises(StatementRejected, match="status"):
            await jobs.database.query("UPDATE video_job:j SET status = $other", other=other)
    assert await jobs.all("video_job") == [ended]
    assert await jobs.traces() == left
    assert jobs.changes == changes == 2, "one call created the job, and one ended it"


@pytest.mark.parametrize("codec", ["h264", None])
async def test_the_codec_is_kept_if_the_release_that_completes_the_job_tells_it(
    jobs: Jobs, codec: str | None
) -> None:
    await jobs.claimed("j")
    told = {name: value for name, value in VIDEO.items() if name != "codec" or codec}
    done = await jobs("complete", "j", "worker", told)
    (listed,) = await jobs.all("library_video")
    assert done.get("codec") == listed.get("codec") == codec


async def test_ledger_entries_and_events_are_append_only(jobs: Jobs) -> None:
    await jobs.ended("j", "completed")
    for statement in (
        "UPDATE credit_entry SET credits = 1",
        "DELETE credit_entry",
        "UPDATE video_job_event SET status = 'pending'",
        "DELETE video_job_event",
    ):
        with pytest.raises(StatementRejected):
            await jobs.database.query(statement)


async def test_the_answer_to_the_submit_replaces_a_request_that_a_webhook_named(
    jobs: Jobs,
) -> None:
    await jobs.open("j")
    await jobs("submitting", "j", 120)
    named = await jobs("heard", "j", "fal-heard", 15)
    assert values_of(named, "stage", "fal_request_id") == ["queued", "fal-heard"]
    assert await jobs("heard", "j", "fal-other", 15) == named
    assert (await jobs("queued", "j", "fal-1", 3, 15))["fal_request_id"] == "fal-1"
    assert (await jobs("heard", "j", "fal-heard", 15))["fal_request_id"] == "fal-1"


async def test_a_request_belongs_to_one_job_permanently(jobs: Jobs) -> None:
    await jobs.open("old")
    for job in ("j", "k"):
        await jobs.open(job)
        await jobs("submitting", job, 120)
    await jobs("queued", "j", "fal-1", 3, 15)
    await jobs("cancelled", "j", None)
    left = await jobs.traces()
    for request in ("fal-1", "old"):
        for function, arguments in (("queued", (3, 15)), ("heard", (15,))):
            with pytest.raises(Thrown, match="request_taken"):
                await jobs(function, "k", request, *arguments)
    assert await jobs.traces() == left
    assert (await jobs("queued", "k", "fal-2", 3, 15))["fal_request_id"] == "fal-2"


@pytest.mark.parametrize(
    ("before", "webhook", "code"),
    [
        ("open", WEBHOOK, "interrupted"),
        ("open", NO_WEBHOOK, "interrupted"),
        ("submitting", NO_WEBHOOK, "submit_unconfirmed"),
        ("submitting", WEBHOOK, None),
    ],
)
async def test_a_submit_without_an_answer_waits_only_if_a_webhook_can_come(
    jobs: Jobs, *, before: str, webhook: bool, code: str | None
) -> None:
    await jobs.bring_to(before)
    row = await jobs("unconfirmed", "j", webhook)
    assert row.get("error_code") == code
    if code is None:
        assert (row["status"], row["due_at"]) == ("pending", row["deadline_at"])
    assert await jobs.account() == ((100, 10, 1) if code is None else (100, 0, 0))


async def test_the_sweep_fails_a_submit_without_an_outcome_at_its_second_look(jobs: Jobs) -> None:
    await jobs.bring_to("submitting")
    for _ in range(2):  # the answer to the first call may be lost
        assert (await jobs("unanswered", "j", NO_WEBHOOK, 10))["status"] == "pending"
    await set_clock_ahead(jobs.database, 11)
    row = await jobs("unanswered", "j", NO_WEBHOOK, 10)
    assert row["error_code"] == "submit_unconfirmed"
    assert await jobs.account() == (100, 0, 0)


async def test_an_outcome_that_is_written_after_the_first_look_counts(jobs: Jobs) -> None:
    await jobs.bring_to("submitting")
    await jobs("unanswered", "j", NO_WEBHOOK, 10)
    await jobs("queued", "j", "fal-j", 3, 15)
    await set_clock_ahead(jobs.database, 11)
    assert (await jobs("unanswered", "j", NO_WEBHOOK, 10))["stage"] == "queued"
    assert (await jobs("progress", "j", RUNNING, None)).get("trouble") is None


@pytest.mark.parametrize(("before", "webhook"), [("open", NO_WEBHOOK), ("submitting", WEBHOOK)])
async def test_the_sweep_resolves_at_once_what_needs_no_second_look(
    jobs: Jobs, *, before: str, webhook: bool
) -> None:
    await jobs.bring_to(before)
    row = await jobs("unanswered", "j", webhook, 10)
    assert row.get("error_code") == ("interrupted" if before == "open" else None)
    assert before == "open" or row["due_at"] == row["deadline_at"]


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
