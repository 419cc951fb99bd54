"""Domain objects as JSON: the only module with the field names of the HTTP interface."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.api.tokens import Caller
from app.domain.credits import Account, CreditEntry, CreditStatement
from app.domain.deletion import Erasure
from app.domain.job import Job, Status
from app.domain.video import LibraryVideo
from app.errors import StorageUnavailable
from app.storage.protocol import Storage
from app.templates.template import Template

REMEMBERED_JOBS = 1024
"""Most polls return the same job as the previous poll."""
REMEMBERED_BYTES = 4096
"""Of an answer that is kept: a template may take texts of any length."""
DEFAULT_START_SIDE = 1280
"""Pixels of the long side of 720p, which most models make at least."""
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
    return _given(**shape)


async def video_json(
    video: LibraryVideo, storage: Storage, *, public_url: str | None
) -> dict[str, Any]:
    """Return a video of the library; raises StorageUnavailable as :func:`job_body` does."""
    return {
        "jobId": video.job_id,
        "key": video.key,
        "url": await storage.url(video.key),
        "downloadUrl": await storage.url(video.key, download=True),
        "posterUrl": await storage.url(video.poster_key) if video.poster_key else None,
        "title": video.title,
        "favourite": video.favourite,
        **(share_json(video.share, public_url) if video.share else {}),
        "templateSlug": video.template_slug,
        "variables": video.variables,
        "bytes": video.bytes,
        **_given(
            durationSeconds=video.duration_seconds,
            width=video.width,
            height=video.height,
            codec=video.codec,
            startImageUrl=await _start_image_url(video.start_key, storage),
        ),
        "createdAt": rfc3339(video.created_at),
    }


def share_json(token: str, public_url: str | None) -> dict[str, Any]:
    """Return the address of a shared video; it is relative if nobody knows the service's own."""
    return {"shareUrl": f"{public_url or ''}/v/{token}"}


def template_json(template: Template) -> dict[str, Any]:
    """Return a template of the catalogue; keys of a variable without a value are left out."""
    least = template.minimum_side
    return {
        "slug": template.slug,
        "title": template.title,
        "description": template.description,
        "credits": template.credits,
        **_given(factors=_factors_json(template)),
        "falModel": template.fal_model,
        "modelName": template.model_name or template.fal_model,
        **_given(aspectRatios=template.aspect_ratios),
        "startSide": template.start_side or max(DEFAULT_START_SIDE, least or 0),
        **_given(minimumSide=least),
        "variables": [
            variable.model_dump(mode="json", by_alias=True, exclude_none=True)
            for variable in template.variables
        ],
    }


def caller_json(caller: Caller) -> dict[str, Any]:
    """Return who is signed in; ``email`` is null if the token has none."""
    return {"user": caller.user, "email": caller.email}


def statement_json(statement: CreditStatement) -> dict[str, Any]:
    """Return a user's credits with the latest entries of the ledger."""
    entries = [entry_json(entry) for entry in statement.entries]
    return {**account_json(statement), "entries": entries}


def account_json(account: Account) -> dict[str, Any]:
    """Return a user's credits."""
    return {"balance": account.balance, "held": account.held, "available": account.available}


def entry_json(entry: CreditEntry) -> dict[str, Any]:
    """Return an entry of the ledger."""
    return {
        "kind": entry.kind,
        "credits": entry.credits,
        **_given(jobId=entry.job_id, title=entry.title, reference=entry.reference),
        "createdAt": rfc3339(entry.created_at),
    }


def erasure_json(erasure: Erasure) -> dict[str, Any]:
    """Return how far the erasure of a user is."""
    finished_at = erasure.finished_at
    return {
        "requestedAt": rfc3339(erasure.requested_at),
        **_given(finishedAt=rfc3339(finished_at) if finished_at else None),
        "left": erasure.left,
    }


def rfc3339(time: datetime) -> str:
    """Return the time in UTC in microseconds, the resolution that a cursor needs."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _factors_json(template: Template) -> dict[str, dict[str, float]] | None:
    """Return the factors as JSON's numbers: they were checked to be the same there."""
    return {
        variable: {choice: float(factor) for choice, factor in by_choice.items()}
        for variable, by_choice in template.factors.items()
    } or None


def _given(**shape: object) -> dict[str, object]:
    """Return the members that have a value."""
    return {name: value for name, value in shape.items() if value is not None}


async def _addresses(job: Job, storage: Storage) -> Addresses:
    if job.deleted_at:
        return NO_ADDRESSES
    start_image_url = await _start_image_url(
        job.start_key if job.start_image_is_stored else None, storage
    )
    if job.status is not Status.COMPLETED or job.video_key is None:
        return Addresses(start_image_url=start_image_url)
    return Addresses(
        url=await storage.url(job.video_key),
        download_url=await storage.url(job.video_key, download=True),
        poster_url=await storage.url(job.poster_key) if job.poster_key else None,
        start_image_url=start_image_url,
    )


async def _start_image_url(key: str | None, storage: Storage) -> str | None:
    """Return None if there is no image, or no address: a storage that fails costs the picture."""
    try:
        return await storage.url(key) if key else None
    except StorageUnavailable:
        return None


def _encoded(shape: dict[str, Any]) -> bytes:
    return json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()
