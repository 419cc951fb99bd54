"""A job: one video from its submit to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from app.templates.values import Value, is_value


class Status(StrEnum):
    """The state of a job for callers. The last three values are terminal and never change."""

    PENDING = "pending"
    """Not yet running at fal."""
    PROCESSING = "processing"
    """fal is generating the video, or the service is storing it."""
    COMPLETED = "completed"
    """The video is stored, charged and listed in the library."""
    FAILED = "failed"
    """The job ended without a video; its hold is released."""
    CANCELLED = "cancelled"
    """The user ended the job; its hold is released."""

    @classmethod
    def of(cls, word: str) -> "Status":
        """Return the status that a row means; the legacy stack has other names if unfinished."""
        try:
            return cls(word)
        except ValueError:
            return cls.PENDING

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class Stage(StrEnum):
    """The current step of a job, in more detail than its status."""

    SUBMITTING = "submitting"
    QUEUED = "queued"
    GENERATING = "generating"
    CANCELLING = "cancelling"
    STORING = "storing"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of ``video_job``.

    ``revision`` numbers the job's events. ``request_id`` is None until fal accepts the job,
    ``video_key`` is None until its first delivery starts.
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
    variables: Mapping[str, Value] = field(default_factory=dict)
    """As submitted, with defaults."""
    queue_position: int | None = None
    completed_at: datetime | None = None
    video_key: str | None = None
    poster_key: str | None = None
    size: int | None = None
    """Size of the video in bytes."""
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    trace: str | None = None
    """The ``traceparent`` of the submit."""
    error_code: str | None = None
    error: str | None = None
    start_key: str | None = None
    """Of the start image. Its object may be missing; legacy rows may name anything."""
    start_image_is_stored: bool = False
    deleted_at: datetime | None = None
    """When the user deleted the video; the job stays."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row, including rows that the legacy stack wrote.

        Raises:
            KeyError, TypeError, ValueError: the row is not a job.

        """
        status = Status.of(row["status"])
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
            created_at=whole_microseconds(row["created_at"]),
            updated_at=whole_microseconds(row["updated_at"]),
            variables=read_variables(row.get("variables")),
            queue_position=row.get("queue_position"),
            completed_at=whole_microseconds(row["completed_at"])
            if row.get("completed_at")
            else None,
            video_key=row.get("video_key"),
            poster_key=row.get("poster_key"),
            size=row.get("bytes"),
            duration_seconds=row.get("duration_seconds"),
            width=row.get("width"),
            height=row.get("height"),
            codec=row.get("codec"),
            trace=row.get("trace"),
            error_code=row.get("error_code"),
            error=row.get("error"),
            start_key=row.get("start_key"),
            start_image_is_stored=bool(row.get("start_stored")),
            deleted_at=whole_microseconds(row["deleted_at"]) if row.get("deleted_at") else None,
        )

    @property
    def is_with_fal(self) -> bool:
        """Only fal knows the next state of the job."""
        return (
            not self.status.is_terminal
            and self.stage is not Stage.STORING
            and self.request_id is not None
        )


@dataclass(frozen=True, kw_only=True)
class DueJob:
    """A job that the sweep took because it is due."""

    job: Job
    """Without its variables."""
    expired: bool
    """The job's deadline has passed, and its video is not being stored."""
    overdue_seconds: float
    """How long the oldest due job had been due when the sweep looked."""

    @property
    def job_id(self) -> str:
        return self.job.id

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of ``fn::video_job::take_due``; raises as :meth:`Job.from_row` does."""
        return cls(job=Job.from_row(row), expired=row["expired"], overdue_seconds=row["overdue"])


def read_variables(stored: object) -> dict[str, Value]:
    """Read a row's variables; values that only the legacy stack wrote become texts."""
    if not isinstance(stored, Mapping):
        return {}
    given = ((name, value) for name, value in stored.items() if value is not None)
    return {name: value if is_value(value) else str(value) for name, value in given}


def whole_microseconds(time: datetime) -> datetime:
    """Return a plain UTC datetime; the driver's own type carries nanoseconds.

    Raises:
        TypeError: it is not a time.

    """
    if not isinstance(time, datetime):
        raise TypeError(f"{time!r} is not a time")
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch + (time.astimezone(UTC) - epoch)
