"""A job as the back office sees it, and its whole story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.domain.credits import CreditEntry
from app.domain.job import Job, whole_microseconds


@dataclass(frozen=True, kw_only=True)
class RecordedTrouble:
    """A temporary failure as it is recorded on a job: ``count`` times in a row."""

    kind: str
    message: str
    count: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class SupportJob:
    """A job with what only those who run the service may see."""

    job: Job
    attempts: int
    """Deliveries that were begun."""
    due_at: datetime | None
    """When the sweep looks at it next; None once it has ended."""
    trouble: RecordedTrouble | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of ``video_job``; raises as :meth:`~app.domain.job.Job.from_row` does."""
        due, trouble = row.get("due_at"), row.get("trouble")
        return cls(
            job=Job.from_row(row),
            attempts=row.get("attempts") or 0,
            due_at=whole_microseconds(due) if due else None,
            trouble=RecordedTrouble(
                kind=trouble["kind"],
                message=trouble["message"],
                count=trouble["count"],
                since=whole_microseconds(trouble["since"]),
            )
            if trouble
            else None,
        )


@dataclass(frozen=True, kw_only=True)
class UnreadableJob:
    """A job whose row has a value that no release writes."""

    id: str
    problem: str
    """Why the row cannot be read."""


def read_support_job(row: Mapping[str, Any]) -> SupportJob | UnreadableJob:
    """Read a row of ``video_job``, whatever is in it."""
    try:
        return SupportJob.from_row(row)
    except (KeyError, TypeError, ValueError) as error:
        return UnreadableJob(id=str(row["id"].id), problem=repr(error))


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """One row of ``video_job_event``; a job's events are numbered from 1."""

    number: int
    status: str
    """As it was written: the legacy stack has other names for unfinished jobs."""
    stage: str | None
    queue_position: int | None
    error_code: str | None
    error: str | None
    at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of a job's history."""
        return cls(
            number=row["id"].id[1],
            status=row["status"],
            stage=row.get("stage"),
            queue_position=row.get("queue_position"),
            error_code=row.get("error_code"),
            error=row.get("error"),
            at=whole_microseconds(row["at"]),
        )


@dataclass(frozen=True, kw_only=True)
class JobStory:
    """Everything that the database has about one job."""

    row: Mapping[str, Any]
    """The job's own row; only its main facts if the driver cannot read all of it."""
    job: SupportJob | UnreadableJob
    events: tuple[JobEvent, ...]
    entries: tuple[CreditEntry, ...]
    """Oldest first."""
