"""Reading a job from its database row."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.job import DueJob, Job, Stage, Status
from tests.support.job_rows import CREATED, LEGACY, STORED, UPDATED, WAITING


@pytest.mark.parametrize(
    ("stored", "status", "stage"),
    [
        ("pending", Status.PENDING, Stage.QUEUED),
        ("processing", Status.PROCESSING, Stage.QUEUED),
        ("IN_QUEUE", Status.PENDING, Stage.QUEUED),
        ("completed", Status.COMPLETED, Stage.DONE),
        ("failed", Status.FAILED, Stage.DONE),
        ("cancelled", Status.CANCELLED, Stage.DONE),
    ],
)
def test_legacy_row_becomes_a_job_with_default_stage_model_and_credits(
    stored: str, status: Status, stage: Stage
) -> None:
    assert Job.from_row(LEGACY | {"status": stored}) == Job(
        id="legacy-request",
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


def test_due_job_has_its_expiry_and_its_delay() -> None:
    due = DueJob.from_row(WAITING | {"expired": True, "overdue": 2.5})
    assert (due.expired, due.overdue_seconds) == (True, 2.5)
    assert due.job == Job.from_row(WAITING)


def test_revision_is_the_number_of_the_latest_event() -> None:
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
def test_job_is_with_fal_from_its_acceptance_until_its_delivery(
    changes: dict[str, Any], *, with_fal: bool
) -> None:
    assert Job.from_row(WAITING | changes).is_with_fal is with_fal


def test_times_are_plain_datetimes_instead_of_the_drivers_type() -> None:
    class Precise(datetime):
        """Stands for the driver's type, which carries nanoseconds."""

    precise = Precise(2025, 10, 8, 21, 30, 0, 123_456, tzinfo=UTC)
    times = dict.fromkeys(("created_at", "updated_at", "completed_at"), precise)
    job = Job.from_row(STORED | times)
    for time in (job.created_at, job.updated_at, job.completed_at):
        assert (type(time), time) == (datetime, precise)
