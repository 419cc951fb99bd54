"""Domain objects as JSON.

This module, :mod:`app.api.job_presentation` and :mod:`app.api.admin_presentation` are the only ones
with the field names of the HTTP interface.
"""

from datetime import UTC, datetime
from typing import Any

from app.api.tokens import Caller
from app.domain.credits import Account, CreditEntry, CreditStatement
from app.domain.deletion import Erasure
from app.domain.video import LibraryVideo
from app.domain.waiting import WaitRange
from app.errors import StorageUnavailable
from app.local_fal.generation import is_local
from app.storage.protocol import Storage
from app.templates.template import Template

DEFAULT_START_SIDE = 1280
"""Pixels of the long side of 720p, which most models make at least."""


async def video_json(
    video: LibraryVideo, storage: Storage, *, public_url: str | None
) -> dict[str, Any]:
    """Return a video of the library; raises StorageUnavailable if an address cannot be signed."""
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
        **given(
            durationSeconds=video.duration_seconds,
            width=video.width,
            height=video.height,
            codec=video.codec,
            localPreview=is_local(video.request_id) or None,
            startImageUrl=await start_image_url(video.start_key, storage),
        ),
        "createdAt": rfc3339(video.created_at),
    }


def share_json(token: str, public_url: str | None) -> dict[str, Any]:
    """Return the address of a shared video; it is relative if nobody knows the service's own."""
    return {"shareUrl": f"{public_url or ''}/v/{token}"}


def template_json(template: Template, wait: WaitRange | None = None) -> dict[str, Any]:
    """Return a template of the catalogue; keys of a variable without a value are left out."""
    least = template.minimum_side
    return {
        "slug": template.slug,
        "title": template.title,
        "description": template.description,
        "credits": template.credits,
        **given(factors=_factors_json(template)),
        "falModel": template.fal_model,
        "modelName": template.model_name or template.fal_model,
        **given(aspectRatios=template.aspect_ratios),
        "startSide": template.start_side or max(DEFAULT_START_SIDE, least or 0),
        **given(minimumSide=least, waitSeconds=_wait_json(wait)),
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
        **given(jobId=entry.job_id, title=entry.title, reference=entry.reference),
        "createdAt": rfc3339(entry.created_at),
    }


def erasure_json(erasure: Erasure) -> dict[str, Any]:
    """Return how far the erasure of a user is."""
    finished_at = erasure.finished_at
    return {
        "requestedAt": rfc3339(erasure.requested_at),
        **given(finishedAt=rfc3339(finished_at) if finished_at else None),
        "left": erasure.left,
    }


def rfc3339(time: datetime) -> str:
    """Return the time in UTC in microseconds, the resolution that a cursor needs."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def given(**shape: object) -> dict[str, object]:
    """Return the members that have a value."""
    return {name: value for name, value in shape.items() if value is not None}


async def start_image_url(key: str | None, storage: Storage) -> str | None:
    """Return None if there is no image, or no address: a storage that fails costs the picture."""
    try:
        return await storage.url(key) if key else None
    except StorageUnavailable:
        return None


def _wait_json(wait: WaitRange | None) -> dict[str, int] | None:
    return {"from": wait.shortest, "to": wait.longest} if wait else None


def _factors_json(template: Template) -> dict[str, dict[str, float]] | None:
    """Return the factors as JSON's numbers: they were checked to be the same there."""
    return {
        variable: {choice: float(factor) for choice, factor in by_choice.items()}
        for variable, by_choice in template.factors.items()
    } or None
