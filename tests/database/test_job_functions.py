"""The database's functions for jobs, called repeatedly, too late or in the wrong state."""

from contextlib import suppress

import pytest

from app.database.errors import StatementRejected, Thrown
from tests.support.clock import set_clock_ahead
from tests.support.job_functions import (
    BASE,
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
