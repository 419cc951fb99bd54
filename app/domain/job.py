"""A job as everyone but the database sees it: no I/O here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Self


class Status(StrEnum):
    """Where a job stands. The last three are terminal and never change."""

    PENDING = "pending"
    """Not yet running at fal."""
    PROCESSING = "processing"
    """Running at fal, or being delivered."""
    COMPLETED = "completed"
    """Stored, charged and listed."""
    FAILED = "failed"
    """Ended without a video; the hold is released."""
    CANCELLED = "cancelled"
    """Ended at the user's wish; the hold is released."""

    @property
    def is_terminal(self) -> bool:
        return self in {Status.COMPLETED, Status.FAILED, Status.CANCELLED}


class Stage(StrEnum):
    """What is being done about a job just now."""

    SUBMITTING = "submitting"
    QUEUED = "queued"
    GENERATING = "generating"
    CANCELLING = "cancelling"
    STORING = "storing"
    DONE = "done"


LEGACY_ERROR_CODE = "interrupted"
"""The code of a failure that the replaced stack recorded as a text alone."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of ``video_job``.

    ``revision`` numbers the job's events. ``request_id`` is None until fal has accepted the
    job, ``video_key`` until somebody has begun to deliver it.
    """

    id: str
    user: str
    user_email: str
    template_slug: str
    fal_model: str
    request_id: str | None
    status: Status
    stage: Stage
    revision: int
    credits: int
    created_at: datetime
    updated_at: datetime
    queue_position: int | None = None
    completed_at: datetime | None = None
    video_key: str | None = None
    poster_key: str | None = None
    size: int | None = None
    """Bytes of the video."""
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    error_code: str | None = None
    error: str | None = None
    troubled: bool = False
    expired: bool = False
    overdue: float = 0.0
    """Seconds for which the first of those that the sweep took with it had been due."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row, also one that the replaced stack left behind."""
        try:
            status = Status(row["status"])
        except ValueError:
            status = Status.PENDING  # a word of the replaced stack for "not finished"
        default_stage = Stage.DONE if status.is_terminal else Stage.QUEUED
        return cls(
            id=str(row["id"].id),
            user=row["user"],
            user_email=row["user_email"],
            template_slug=row["template_slug"],
            fal_model=row.get("fal_model") or "",
            request_id=row.get("fal_request_id"),
            status=status,
            stage=Stage(row.get("stage") or default_stage),
            revision=row.get("revision") or 0,
            credits=row.get("credits") or 0,
            created_at=_whole_microseconds(row["created_at"]),
            updated_at=_whole_microseconds(row["updated_at"]),
            queue_position=row.get("queue_position"),
            completed_at=_whole_microseconds(row["completed_at"])
            if row.get("completed_at")
            else None,
            video_key=row.get("video_key"),
            poster_key=row.get("poster_key"),
            size=row.get("bytes"),
            duration_seconds=row.get("duration_seconds"),
            width=row.get("width"),
            height=row.get("height"),
            error_code=row.get("error_code"),
            error=row.get("error"),
            troubled=bool(row.get("trouble")),
            expired=bool(row.get("expired")),
            overdue=row.get("overdue") or 0.0,
        )

    @property
    def is_with_fal(self) -> bool:
        """Only fal can tell what becomes of the job next."""
        return (
            not self.status.is_terminal
            and self.stage is not Stage.STORING
            and self.request_id is not None
        )

    def to_public(self, *, url: str | None = None, poster_url: str | None = None) -> dict[str, Any]:
        """Return the status object of the HTTP interface; the URLs are a completed job's."""
        shape: dict[str, Any] = {
            "jobId": self.id,
            "status": self.status,
            "stage": self.stage,
            "templateSlug": self.template_slug,
            "falModel": self.fal_model,
            "credits": self.credits,
            "createdAt": rfc3339(self.created_at),
            "updatedAt": rfc3339(self.updated_at),
            "queuePosition": self.queue_position,
        }
        if self.completed_at is not None:
            shape["completedAt"] = rfc3339(self.completed_at)
        if self.status is Status.COMPLETED:
            shape |= {
                "url": url,
                "key": self.video_key,
                "posterUrl": poster_url,
                "bytes": self.size,
                "durationSeconds": self.duration_seconds,
                "width": self.width,
                "height": self.height,
            }
        if self.status is Status.FAILED:
            shape["error"] = {
                "code": self.error_code or LEGACY_ERROR_CODE,
                "message": self.error or "The video could not be generated.",
            }
        return {name: value for name, value in shape.items() if value is not None}

    def to_json(self, *, url: str | None = None, poster_url: str | None = None) -> bytes:
        """Return :meth:`to_public` as it is sent."""
        shape = self.to_public(url=url, poster_url=poster_url)
        return json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def without_video(self) -> bytes:
        """:meth:`to_json` of a job that has no video to point at: most polls see it again."""
        return self.to_json()


def rfc3339(time: datetime) -> str:
    """Return the time in UTC with a Z, in microseconds: what a cursor needs to hit its row."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole_microseconds(time: datetime) -> datetime:
    """Leave the driver's nanoseconds behind: no type of the database travels further."""
    return datetime.fromtimestamp(0, UTC) + (time.astimezone(UTC) - datetime.fromtimestamp(0, UTC))
