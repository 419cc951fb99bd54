"""Jobs as the database returns them, and as domain objects."""

from datetime import UTC, datetime
from typing import Any

from surrealdb import RecordID

from app.domain.job import Job, Stage, Status
from tests.support.service import Running

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
    "codec": "h264",
}
LEGACY = {
    "id": RecordID("video_job", "legacy-request"),
    "user": "eve",
    "user_email": "eve@example.com",
    "template_slug": "night-life-roller",
    "created_at": CREATED,
    "updated_at": UPDATED,
}


def job(revision: int = 1, status: Status = Status.PENDING, job_id: str = "job") -> Job:
    """Return a job of ada that is queued at fal, or has ended."""
    return Job(
        id=job_id,
        user="ada",
        user_email="ada",
        template_slug="night-life-roller",
        fal_model="fal-ai/test",
        request_id="request",
        status=status,
        stage=Stage.DONE if status.is_terminal else Stage.QUEUED,
        revision=revision,
        credits=1,
        created_at=CREATED,
        updated_at=UPDATED,
    )


async def stored_row(run: Running, job_id: str) -> Any:
    """Return the job's row from the database, without asking fal as a poll does."""
    (row,) = await run.rows("SELECT * FROM type::record('video_job', $job)", job=job_id)
    return row
