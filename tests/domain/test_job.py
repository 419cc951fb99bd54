"""A job as it is read from the database's row."""

from datetime import UTC, datetime
from typing import Any

import pytest
from surrealdb import RecordID

from app.domain.job import DueJob, Job, Stage, Status

CREATED = datetime(2025, 10, 8, 21, 30, tzinfo=UTC)
UPDATED = datetime(2025, 10, 8, 21, 31, 0, 250_000, tzinfo=UTC)
COMPLETED = datetime(2025, 10, 8, 21, 32, tzinfo=UTC)
KEY = "users/ada/library/2025-10-08-night-life-roller"

WAITING: dict[str, Any] = {
    "id": RecordID("video_job", "0199c5d0"),
    "user": "ada",
    "user_email": "ada@example.com",
    "template_slug": "night-life-roller",
    "fal_model": "fal-ai/test",
    "fal_request_id": "request-1",
    "status": "pending",
    "stage": "queued",
    "queue_position": 3,
    "revision": 2,
    "credits": 10,
    "created_at": CREATED,
    "updated_at": UPDATED,
}
STORED = WAITING | {
    "status": "completed",
    "stage": "done",
    "queue_position": None,
    "completed_at": COMPLETED,
    "video_key": f"{KEY}.mp4",
    "poster_key": f"{KEY}.jpg",
    "bytes": 1_234_567,
    "duration_seconds": 5.2,
    "width": 1280,
    "height": 720,
}
LEGACY = {
    "id": RecordID("video_job", "of-the-replaced-stack"),
    "user": "eve",
    "user_email": "eve@example.com",
    "template_slug": "night-life-roller",
    "created_at": CREATED,
    "updated_at": UPDATED,
}


@pytest.mark.parametrize(
    ("word", "status", "stage"),
    [
        ("pending", Status.PENDING, Stage.QUEUED),
        ("processing", Status.PROCESSING, Stage.QUEUED),
        ("IN_QUEUE", Status.PENDING, Stage.QUEUED),
        ("completed", Status.COMPLETED, Stage.DONE),
        ("failed", Status.FAILED, Stage.DONE),
        ("cancelled", Status.CANCELLED, Stage.DONE),
    ],
)
def test_row_of_the_replaced_stack_is_a_job_like_any_other(
    word: str, status: Status, stage: Stage
) -> None:
    assert Job.from_row(LEGACY | {"status": word}) == Job(
        id="of-the-replaced-stack",
        user="eve",
        user_email="eve@example.com",
        template_slug="night-life-roller",
        fal_model="",
        request_id=None,
        status=status,
        stage=stage,
        revision=0,
        credits=0,
        created_at=CREATED,
        updated_at=UPDATED,
    )


def test_due_job_carries_what_the_sweep_needs_to_know() -> None:
    due = DueJob.from_row(WAITING | {"expired": True, "overdue": 2.5})
    assert (due.expired, due.overdue_seconds) == (True, 2.5)
    assert due.job == Job.from_row(WAITING)


def test_row_tells_the_number_of_its_latest_event() -> None:
    assert Job.from_row(WAITING).revision == 2


@pytest.mark.parametrize(
    ("changes", "with_fal"),
    [
        ({"stage": "queued"}, True),
        ({"status": "processing", "stage": "generating"}, True),
        ({"status": "processing", "stage": "cancelling"}, True),
        ({"status": "processing", "stage": "storing"}, False),
        ({"stage": "submitting", "fal_request_id": None}, False),
        ({"status": "completed", "stage": "done"}, False),
        ({"status": "failed", "stage": "done"}, False),
        ({"status": "cancelled", "stage": "done"}, False),
    ],
)
def test_only_fal_can_tell_what_becomes_of_a_job_that_it_has_accepted(
    changes: dict[str, Any], *, with_fal: bool
) -> None:
    assert Job.from_row(WAITING | changes).is_with_fal is with_fal


def test_no_time_of_the_drivers_own_travels_further() -> None:
    class Precise(datetime):
        """As the driver has it: with the nanoseconds that a datetime cannot hold."""

    precise = Precise(2025, 10, 8, 21, 30, 0, 123_456, tzinfo=UTC)
    times = dict.fromkeys(("created_at", "updated_at", "completed_at"), precise)
    job = Job.from_row(STORED | times)
    for time in (job.created_at, job.updated_at, job.completed_at):
        assert (type(time), time) == (datetime, precise)
