"""The status object: a job as JSON."""

import json
from typing import Any, NamedTuple

from app.api.presentation import given, rfc3339, start_image_url
from app.domain.job import Job, Status
from app.local_fal.generation import is_local
from app.storage.protocol import Storage

REMEMBERED_JOBS = 1024
"""Most polls return the same job as the previous poll."""
REMEMBERED_BYTES = 4096
"""Of an answer that is kept: a template may take texts of any length."""
LONGEST_MESSAGE = 1000
"""Characters of an error's text; the legacy stack wrote texts of any length."""
LEGACY_ERROR_CODE = "interrupted"
"""For failures of the legacy stack, which recorded only a text."""


class Addresses(NamedTuple):
    """Where a job's files are, for the next hour; None for what it does not have."""

    url: str | None = None
    download_url: str | None = None
    poster_url: str | None = None
    start_image_url: str | None = None


NO_ADDRESSES = Addresses()

_bodies: dict[str, tuple[Job, Addresses, bytes]] = {}
"""By job. An address stays the same for a while; a new one ends the use of an answer."""


async def job_body(job: Job, storage: Storage) -> bytes:
    """Return the status object as it is sent, with addresses that work for the next hour.

    Raises:
        StorageUnavailable: an address cannot be signed.

    """
    addresses = await _addresses(job, storage)
    known = _bodies.get(job.id)
    if known is not None and known[1] == addresses and (known[0] is job or known[0] == job):
        return known[2]
    body = _encoded(job_json(job, addresses))
    if len(body) <= REMEMBERED_BYTES:
        _bodies[job.id] = job, addresses, body
        if len(_bodies) > REMEMBERED_JOBS:
            del _bodies[next(iter(_bodies))]
    return body


async def ending_body(job: Job, storage: Storage) -> bytes:
    """Return the event that tells another service how the job ended.

    Raises:
        StorageUnavailable: as :func:`job_body` does.

    """
    assert job.completed_at, "the functions that end a job set it"
    return _encoded(
        {
            "type": f"video.{job.status}",
            "timestamp": rfc3339(job.completed_at),
            "data": json.loads(await job_body(job, storage)) | {"user": job.user},
        }
    )


async def job_with_addresses(job: Job, storage: Storage) -> dict[str, Any]:
    """Return the status object; raises StorageUnavailable as :func:`job_body` does."""
    return job_json(job, await _addresses(job, storage))


def job_json(job: Job, addresses: Addresses = NO_ADDRESSES) -> dict[str, Any]:
    """Return the status object; a deleted job has no key either."""
    shape: dict[str, Any] = {
        "jobId": job.id,
        "status": job.status,
        "stage": job.stage,
        "templateSlug": job.template_slug,
        "falModel": job.fal_model,
        "localPreview": is_local(job.request_id) or None,
        "variables": job.variables,
        "credits": job.credits,
        "createdAt": rfc3339(job.created_at),
        "updatedAt": rfc3339(job.updated_at),
        "queuePosition": job.queue_position,
        "completedAt": rfc3339(job.completed_at) if job.completed_at else None,
        "deletedAt": rfc3339(job.deleted_at) if job.deleted_at else None,
        "startImageUrl": addresses.start_image_url,
    }
    if job.status is Status.COMPLETED:
        shape |= {
            "url": addresses.url,
            "downloadUrl": addresses.download_url,
            "key": None if job.deleted_at else job.video_key,
            "posterUrl": addresses.poster_url,
            "bytes": job.size,
            "durationSeconds": job.duration_seconds,
            "width": job.width,
            "height": job.height,
            "codec": job.codec,
        }
    if job.status is Status.FAILED:
        shape["error"] = {
            "code": job.error_code or LEGACY_ERROR_CODE,
            "message": (job.error or "The video could not be generated.")[:LONGEST_MESSAGE],
        }
    return given(**shape)


async def _addresses(job: Job, storage: Storage) -> Addresses:
    if job.deleted_at:
        return NO_ADDRESSES
    start_image = await start_image_url(
        job.start_key if job.start_image_is_stored else None, storage
    )
    if job.status is not Status.COMPLETED or job.video_key is None:
        return Addresses(start_image_url=start_image)
    return Addresses(
        url=await storage.url(job.video_key),
        download_url=await storage.url(job.video_key, download=True),
        poster_url=await storage.url(job.poster_key) if job.poster_key else None,
        start_image_url=start_image,
    )


def _encoded(shape: dict[str, Any]) -> bytes:
    return json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()
