"""A job between the database's row and the status object of the HTTP interface."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from surrealdb import RecordID

from app.domain.job import Job, Stage, Status, rfc3339

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


def test_waiting_job_shows_where_it_stands_and_nothing_that_is_not_there() -> None:
    assert Job.from_row(WAITING).to_public() == {
        "jobId": "0199c5d0",
        "status": "pending",
        "stage": "queued",
        "templateSlug": "night-life-roller",
        "falModel": "fal-ai/test",
        "credits": 10,
        "createdAt": "2025-10-08T21:30:00.000000Z",
        "updatedAt": "2025-10-08T21:31:00.250000Z",
        "queuePosition": 3,
    }


def test_first_in_the_queue_is_position_zero() -> None:
    assert Job.from_row(WAITING | {"queue_position": 0}).to_public()["queuePosition"] == 0


def test_completed_job_shows_its_video() -> None:
    job = Job.from_row(STORED)
    assert (job.video_key, job.poster_key) == (f"{KEY}.mp4", f"{KEY}.jpg")
    shown = job.to_public(url="/media/v", poster_url="/media/p")
    waiting = Job.from_row(WAITING).to_public()
    assert {name: value for name, value in shown.items() if waiting.get(name) != value} == {
        "status": "completed",
        "stage": "done",
        "completedAt": "2025-10-08T21:32:00.000000Z",
        "url": "/media/v",
        "key": f"{KEY}.mp4",
        "posterUrl": "/media/p",
        "bytes": 1_234_567,
        "durationSeconds": 5.2,
        "width": 1280,
        "height": 720,
    }


def test_video_that_is_being_stored_is_not_shown() -> None:
    storing = STORED | {"status": "processing", "stage": "storing", "completed_at": None}
    shown = Job.from_row(storing).to_public(url="/media/v", poster_url="/media/p")
    assert shown.keys().isdisjoint({"url", "key", "posterUrl", "bytes", "completedAt"})


def test_failed_job_shows_the_reason() -> None:
    failed = WAITING | {
        "status": "failed",
        "stage": "done",
        "error_code": "fal_rejected",
        "error": "Blocked",
    }
    shown = Job.from_row(failed).to_public()
    assert shown["error"] == {"code": "fal_rejected", "message": "Blocked"}


def test_failure_that_the_replaced_stack_left_unexplained_has_a_reason_all_the_same() -> None:
    assert Job.from_row(LEGACY | {"status": "failed"}).to_public()["error"] == {
        "code": "interrupted",
        "message": "The video could not be generated.",
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


def test_what_the_sweep_needs_to_know_is_read_from_the_row() -> None:
    job = Job.from_row(WAITING | {"trouble": {"kind": "result"}, "expired": True, "overdue": 2.5})
    assert (job.troubled, job.expired, job.overdue) == (True, True, 2.5)


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


def test_times_are_told_in_utc_with_all_their_microseconds() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert rfc3339(datetime(2025, 10, 8, 3, tzinfo=east)) == "2025-10-07T21:30:00.000000Z"
    assert rfc3339(UPDATED.replace(microsecond=7)) == "2025-10-08T21:31:00.000007Z"


def test_job_is_sent_as_compact_utf8() -> None:
    job = replace(Job.from_row(STORED), template_slug="über")
    sent = job.to_json(url="/media/v", poster_url="/media/p")
    assert json.loads(sent) == job.to_public(url="/media/v", poster_url="/media/p")
    assert b" " not in sent
    assert "über".encode() in sent
    assert job.without_video == job.to_json()
