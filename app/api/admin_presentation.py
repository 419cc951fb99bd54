"""Jobs and users of the back office as JSON."""

from typing import Any

from app.api.job_presentation import job_json, job_with_addresses
from app.api.presentation import entry_json, erasure_json, rfc3339
from app.domain.deletion import Erasure
from app.domain.support_job import JobEvent, JobStory, RecordedTrouble, SupportJob, UnreadableJob
from app.domain.support_user import SupportUser
from app.errors import StorageUnavailable
from app.storage.protocol import Storage, StoredObject


async def support_job_json(support: SupportJob | UnreadableJob, storage: Storage) -> dict[str, Any]:
    """Return the status object with what only the back office sees, or why it cannot be read.

    If the storage is away, it has no addresses: the rest is needed just then.
    """
    if isinstance(support, UnreadableJob):
        return {"jobId": support.id, "problem": support.problem}
    try:
        shape = await job_with_addresses(support.job, storage)
    except StorageUnavailable:
        shape = job_json(support.job)
    shape |= {
        "user": support.job.user,
        "userEmail": support.job.user_email,
        "requestId": support.job.request_id,
        "attempts": support.attempts,
        "dueAt": rfc3339(support.due_at) if support.due_at else None,
    }
    return shape | ({"trouble": _trouble_json(support.trouble)} if support.trouble else {})


async def story_json(story: JobStory, storage: Storage) -> dict[str, Any]:
    """Return a job with its events and ledger entries, oldest first."""
    return {
        "job": await support_job_json(story.job, storage),
        "events": [_event_json(event) for event in story.events],
        "entries": [entry_json(entry) for entry in story.entries],
    }


def stored_json(stored: list[tuple[str, StoredObject | None]]) -> list[dict[str, Any]]:
    """Return the keys of a job; ``bytes`` is null if the storage has nothing under the key."""
    return [
        {"key": key, "bytes": found.size if found else None}
        | ({"owner": found.owner} if found and found.owner else {})
        for key, found in stored
    ]


def support_user_json(user: SupportUser, erasure: Erasure | None) -> dict[str, Any]:
    """Return a user's account, the number of jobs of each status and of videos, and an erasure."""
    return {
        "user": user.user,
        "balance": user.balance,
        "held": user.held,
        "available": user.available,
        "suspended": user.suspended,
        "jobs": dict(user.jobs),
        "videos": user.videos,
        **({"erasure": erasure_json(erasure)} if erasure else {}),
    }


def _trouble_json(trouble: RecordedTrouble) -> dict[str, Any]:
    return {
        "kind": trouble.kind,
        "message": trouble.message,
        "count": trouble.count,
        "since": rfc3339(trouble.since),
    }


def _event_json(event: JobEvent) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "number": event.number,
        "status": event.status,
        "stage": event.stage,
        "at": rfc3339(event.at),
    }
    if event.queue_position is not None:
        shape["queuePosition"] = event.queue_position
    if event.error_code is not None:
        shape["error"] = {"code": event.error_code, "message": event.error}
    return shape
