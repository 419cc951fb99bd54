"""Parse, call, answer."""

import asyncio
import base64
import binascii
import functools
import json
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import times
from app.api.form import read_body, read_form
from app.api.identity import Caller
from app.api.service import LifespanState, Service
from app.api.streams import EventStream
from app.domain.job import Job, Status, rfc3339
from app.errors import InvalidJSON, InvalidQuery, JobNotFound, NotFound, Problem, SubmitUnavailable
from app.fal.signatures import MAX_BODY_BYTES
from app.jobs.handover import Submission
from app.media.start_images import inspect
from app.storage.local_files import LocalFiles
from app.telemetry.metrics import CALLBACKS

log = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
MAX_PAGE = 100
DEFAULT_PAGE = 20
MAX_QUERY = 4096
"""Bytes of a query that names a job."""
REMEMBERED = 1024
"""Queries and answers, of which most polls see the same again."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ID = re.compile(r"[\x21-\x7e]{1,200}")


async def submit(request: Request[LifespanState]) -> Response:
    """``POST /api/templates/video``."""
    service = _service(request)
    caller = await _caller(service, request)
    service.require_open()
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidQuery("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    settings = service.settings
    form = await read_form(request, max_image_bytes=settings.max_image_bytes)
    submission = Submission(
        caller=caller,
        image=form.image,
        measured=await inspect(form.image, max_pixels=settings.max_image_pixels, user=caller.user),
        template_slug=form.template_slug,
        variables=form.variables,
        idempotency_key=key,
    )
    service.require_open()  # a slow upload may have begun before the end did
    job, replayed = await service.lifecycle.submit(submission)
    return JSONResponse(
        {"jobId": job.id, "status": Status.PENDING, "credits": job.credits},
        status_code=202,
        headers={
            "Location": f"{request.app.url_path_for('status')}?jobId={job.id}",
            **({"Idempotent-Replayed": "true"} if replayed else {}),
            **NO_STORE,
        },
    )


async def status(request: Request[LifespanState]) -> Response:
    """``GET /api/templates/video/status?jobId=``."""
    service = _service(request)
    job = await _own_job(service, request, await _caller(service, request))
    return _status(await _presented(service, job))


async def events(request: Request[LifespanState]) -> Response:
    """``GET /api/templates/video/events?jobId=``, or of all jobs under way without ``jobId``."""
    service = _service(request)
    caller = await _caller(service, request)
    service.require_open()
    named = "jobId" in request.query_params
    job = await _own_job(service, request, caller) if named else None
    return EventStream(service.streams, caller.user, job, functools.partial(_presented, service))


async def cancel(request: Request[LifespanState]) -> Response:
    """``POST /api/templates/video/cancel?jobId=``."""
    service = _service(request)
    caller = await _caller(service, request)
    job = await service.lifecycle.cancel(_job_id(request), caller.user)
    return _status(await _presented(service, job), status_code=202)


async def fal_webhook(request: Request[LifespanState]) -> Response:
    """``POST /api/webhooks/fal?jobId=``: a hint to go and look, answered at once."""
    service = _service(request)
    try:
        body = await read_body(request, max_bytes=MAX_BODY_BYTES)
        async with asyncio.timeout(times.CALLBACK):
            await service.signatures.verify(request.headers, body)
            await service.lifecycle.heard(_job_id(request), _request_id(body))
    except TimeoutError as error:
        CALLBACKS.labels("overdue").inc()
        raise SubmitUnavailable("It takes too long to look; call back later.") from error
    except Problem as problem:
        CALLBACKS.labels(problem.code).inc()
        raise
    CALLBACKS.labels("heard").inc()
    return JSONResponse({"status": "heard"}, headers=NO_STORE)


async def templates(request: Request[LifespanState]) -> Response:
    """``GET /api/templates``."""
    catalogue = await _service(request).catalogue.all()
    return JSONResponse({"templates": [template.to_public() for template in catalogue]})


async def library(request: Request[LifespanState]) -> Response:
    """``GET /api/library?limit=&cursor=&templateSlug=``."""
    service = _service(request)
    caller = await _caller(service, request)
    limit = _limit(request.query_params.get("limit"))
    before = _parse_cursor(request.query_params.get("cursor"))
    template_slug = request.query_params.get("templateSlug")
    rows = await service.store.library(
        caller.user, template_slug=template_slug, limit=limit + 1, before=before
    )
    page = rows[:limit]
    videos = [await _listed(service, row) for row in page]
    cursor = _cursor(page[-1]) if len(rows) > limit else None
    return JSONResponse({"videos": videos, "nextCursor": cursor}, headers=NO_STORE)


async def credits(request: Request[LifespanState]) -> Response:  # noqa: A001 the route's name
    """``GET /api/credits``."""
    service = _service(request)
    caller = await _caller(service, request)
    statement = await service.store.credits(caller.user)
    balance, held = statement["balance"], statement["held"]
    return JSONResponse(
        {
            "balance": balance,
            "held": held,
            "available": balance - held,
            "entries": [_entry(entry) for entry in statement["entries"]],
        },
        headers=NO_STORE,
    )


async def media(request: Request[LifespanState]) -> Response:
    """``GET /media/{key}``: local storage only."""
    storage = _service(request).storage
    if not isinstance(storage, LocalFiles):
        raise NotFound("There is no such file.")
    return await storage.serve(request)


def _service(request: Request[LifespanState]) -> Service:
    service: Service = request.scope["state"]["service"]
    return service


async def _caller(service: Service, request: Request[LifespanState]) -> Caller:
    # Every poll passes here: it need not make an object of all headers.
    given = (value for name, value in request.scope["headers"] if name == b"authorization")
    return await service.identity.caller(next(given, b"").decode("latin-1"))


async def _own_job(service: Service, request: Request[LifespanState], caller: Caller) -> Job:
    """Return the job of ``jobId``; a missing one and somebody else's are answered alike."""
    job = await service.lifecycle.latest(_job_id(request))
    if job.user != caller.user:
        raise _no_such_job()
    return job


def _job_id(request: Request[LifespanState]) -> str:
    return _named_job(request.scope["query_string"])


@functools.lru_cache(REMEMBERED)
def _named_job(query: bytes) -> str:
    job_id = QueryParams(query).get("jobId", "") if len(query) <= MAX_QUERY else ""
    if not _is_id(job_id):
        raise InvalidQuery("Name the job: ?jobId=…")
    return job_id


def _request_id(callback: bytes) -> str:
    try:
        told = json.loads(callback)
    except (ValueError, RecursionError) as error:
        raise InvalidJSON("The callback is not JSON.") from error
    match told:
        case {"request_id": str(request_id)} if _is_id(request_id):
            return request_id
    raise InvalidJSON("The callback names no request_id.")


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _no_such_job() -> JobNotFound:
    return JobNotFound("There is no such job.")


async def _presented(service: Service, job: Job) -> bytes:
    """Return the status object, with addresses that are good for a while."""
    if job.status is not Status.COMPLETED or job.video_key is None:
        return job.without_video
    return job.to_json(
        url=await service.storage.url(job.video_key),
        poster_url=await service.storage.url(job.poster_key) if job.poster_key else None,
    )


@functools.lru_cache(REMEMBERED)
def _status(shape: bytes, status_code: int = 200) -> Response:
    return Response(shape, status_code, NO_STORE, media_type="application/json")


async def _listed(service: Service, row: Mapping[str, Any]) -> dict[str, Any]:
    poster_key = row.get("poster_key")
    return {
        "jobId": row["id"].id,
        "key": row["key"],
        "url": await service.storage.url(row["key"]),
        "posterUrl": await service.storage.url(poster_key) if poster_key else None,
        "title": row["title"],
        "templateSlug": row["template_slug"],
        "bytes": row["bytes"],
        "durationSeconds": row["duration_seconds"],
        "width": row["width"],
        "height": row["height"],
        "createdAt": rfc3339(row["created_at"]),
    }


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    shape = {
        "kind": entry["kind"],
        "credits": entry["credits"],
        "createdAt": rfc3339(entry["created_at"]),
    }
    return shape | ({"jobId": entry["job"]} if entry.get("job") else {})


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_PAGE
    if not re.fullmatch(r"[0-9]{1,3}", given) or not 1 <= int(given) <= MAX_PAGE:
        raise InvalidQuery(f"limit must be from 1 to {MAX_PAGE}.")
    return int(given)


def _cursor(row: Mapping[str, Any]) -> str:
    text = f"{rfc3339(row['created_at'])} {row['id'].id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        time, _, job_id = text.partition(" ")
        at = datetime.fromisoformat(time)
    except (ValueError, binascii.Error) as error:
        raise InvalidQuery("cursor is not one that this service gave out.") from error
    if at.tzinfo is None or not job_id:
        raise InvalidQuery("cursor is not one that this service gave out.")
    return at, job_id
