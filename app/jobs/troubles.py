"""The temporary failures of a job: how long each is retried, and how it ends then."""

import logging

from app.database.job_store import JobStore
from app.domain.job import Job
from app.domain.trouble import Trouble
from app.errors import (
    FalNotFound,
    FalOperatorRefused,
    FalUnavailable,
    StorageUnavailable,
    VideoHostAway,
    VideoUnavailable,
)

log = logging.getLogger(__name__)

TEN_MINUTES = 600

UNKNOWN_TO_FAL = Trouble(
    kind="unknown_to_fal",
    code="fal_unavailable",
    message="fal no longer knows this job. Nothing was charged.",
    seconds=TEN_MINUTES,
)
FAULT = Trouble(
    kind="fault",
    code="video_unavailable",
    message="The video could not be delivered. Nothing was charged.",
    until_deadline=True,
)
"""Something unforeseen: fal was paid for the video, so it is delivered once the fault is mended."""

OPERATOR_REFUSED = Trouble(
    kind="operator_refused",
    code="fal_unavailable",
    message=str(FalOperatorRefused()),
    until_deadline=True,
)
"""The job is not at fault: it waits until the key or the account is mended."""

DEADLINE = Trouble(
    kind="deadline",
    code="deadline_exceeded",
    message="The video was not finished in time. Nothing was charged.",
    seconds=TEN_MINUTES,
)
"""The job's deadline has passed, and only fal's answer to a cancel says whether it has a video."""

Temporary = FalUnavailable | VideoHostAway | VideoUnavailable | StorageUnavailable


def trouble_of(error: Temporary) -> Trouble:
    """Return how a delivery's error is retried."""
    match error:
        case FalOperatorRefused():
            return OPERATOR_REFUSED
        case FalUnavailable():
            return Trouble(
                kind="result", code="fal_unavailable", message=str(error), seconds=TEN_MINUTES
            )
        case VideoHostAway():
            # fal was paid for the video and keeps it for days.
            return Trouble(
                kind="video_host",
                code="video_unavailable",
                message=str(error),
                until_deadline=True,
            )
        case VideoUnavailable():
            return Trouble(
                kind="video",
                code="video_unavailable",
                message=str(error),
                count=5,
                seconds=TEN_MINUTES,
            )
        case StorageUnavailable():
            # No limit: fal was paid for the video, and the storage comes back.
            return Trouble(kind="storage", code="video_unavailable", message=str(error))


async def postpone_unknown(store: JobStore, job: Job) -> Job:
    """Record that fal does not know the job, as it may for a moment after the submit."""
    now, postponed = await store.postpone(job.id, None, UNKNOWN_TO_FAL)
    if postponed:
        log.warning("[VIDEO JOB %s] Tried again later: %s", job.id, UNKNOWN_TO_FAL.message)
    return now


async def record_unknown(store: JobStore, job: Job, error: FalNotFound | FalUnavailable) -> Job:
    """Record that fal does not tell the state of the job."""
    if isinstance(error, FalNotFound):
        return await postpone_unknown(store, job)
    log.info("[VIDEO JOB %s] Status: unknown (%s)", job.id, error)
    if isinstance(error, FalOperatorRefused):
        now, _ = await store.postpone(job.id, None, OPERATOR_REFUSED)
        return now
    return await store.get(job.id)
