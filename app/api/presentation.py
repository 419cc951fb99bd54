"""Domain objects as JSON: the only module with the field names of the HTTP interface."""

import json
from datetime import UTC, datetime
from typing import Any

from cachetools import LRUCache

from app.api.tokens import Caller
from app.domain.credits import CreditEntry, CreditStatement
from app.domain.job import Job, Status
from app.domain.video import LibraryVideo
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

_bodies: LRUCache[Job, bytes] = LRUCache(REMEMBERED_JOBS)


async def job_body(job: Job, storage: Storage) -> bytes:
    """Return the status object as it is sent, with addresses that work for the next hour.

    Raises:
        StorageUnavailable: an address cannot be signed.

    """
    if job.status is not Status.COMPLETED or job.video_key is None:
        return _body_without_video(job)
    url = await storage.url(job.video_key)
    poster_url = await storage.url(job.poster_key) if job.poster_key else None
    return _encoded(job_json(job, url=url, poster_url=poster_url))


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


def job_json(job: Job, *, url: str | None = None, poster_url: str | None = None) -> dict[str, Any]:
    """Return the status object; only a completed job has addresses."""
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
    }
    if job.status is Status.COMPLETED:
        shape |= {
            "url": url,
            "key": job.video_key,
            "posterUrl": poster_url,
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


async def video_json(video: LibraryVideo, storage: Storage) -> dict[str, Any]:
    """Return a video of the library; raises StorageUnavailable as :func:`job_body` does."""
    return {
        "jobId": video.job_id,
        "key": video.key,
        "url": await storage.url(video.key),
        "posterUrl": await storage.url(video.poster_key) if video.poster_key else None,
        "title": video.title,
        "templateSlug": video.template_slug,
        "bytes": video.bytes,
        **_given(
            durationSeconds=video.duration_seconds,
            width=video.width,
            height=video.height,
            codec=video.codec,
        ),
        "createdAt": rfc3339(video.created_at),
    }


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
    return {
        "balance": statement.balance,
        "held": statement.held,
        "available": statement.available,
        "entries": [_entry_json(entry) for entry in statement.entries],
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


def _entry_json(entry: CreditEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "credits": entry.credits,
        **_given(jobId=entry.job_id, title=entry.title, reference=entry.reference),
        "createdAt": rfc3339(entry.created_at),
    }


def _given(**shape: object) -> dict[str, object]:
    """Return the members that have a value."""
    return {name: value for name, value in shape.items() if value is not None}


def _body_without_video(job: Job) -> bytes:
    body = _bodies.get(job)
    if body is None:
        body = _encoded(job_json(job))
        if len(body) <= REMEMBERED_BYTES:
            _bodies[job] = body
    return body


def _encoded(shape: dict[str, Any]) -> bytes:
    return json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()
