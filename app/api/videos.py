"""The routes of a video's job: submit, status, events and cancel."""

import functools
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.form import reading_submission
from app.api.job_presentation import REMEMBERED_BYTES, job_body
from app.api.service import NO_STORE, LifespanState, caller_of, job_id_of, own_job, service_of
from app.api.streams import EventStream
from app.domain.job import Job, Status
from app.problems import InvalidQuery

REMEMBERED_ANSWERS = 1024
"""Most polls have the same answer as the previous poll."""

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def submit(request: Request[LifespanState]) -> Response:
    """``POST /api/templates/video``."""
    service = service_of(request)
    caller = await caller_of(request)
    service.require_open()
    service.lifecycle.expect_submit()
    async with reading_submission(
        request,
        caller=caller,
        idempotency_key=_idempotency_key(request),
        catalogue=service.catalogue,
        settings=service.settings,
        memory=service.memory,
    ) as submission:
        service.require_open()  # the service may have begun to stop during a slow upload
        job, replayed = await service.lifecycle.submit(submission)
    return JSONResponse(
        {"jobId": job.id, "status": Status.PENDING, "credits": job.credits},
        status_code=202,
        headers={
            "Location": f"video/status?jobId={job.id}",  # relative: it holds under any prefix
            **({"Idempotent-Replayed": "true"} if replayed else {}),
            **NO_STORE,
        },
    )


async def status(request: Request[LifespanState]) -> Response:
    """``GET /api/templates/video/status?jobId=``."""
    job = await own_job(request)
    return job_answer(await job_body(job, service_of(request).storage))


async def events(request: Request[LifespanState]) -> Response:
    """``GET /api/templates/video/events?jobId=``; without ``jobId``, of all unfinished jobs.

    A browser's ``EventSource`` comes back when a stream ends, unless it is answered 204.
    """
    service = service_of(request)
    caller = await caller_of(request)
    service.require_open()
    job = await own_job(request) if "jobId" in request.query_params else None
    if job is not None and _has_seen_the_end(request, job):
        return Response(status_code=204, headers=NO_STORE)
    body = functools.partial(job_body, storage=service.storage)
    return EventStream(
        service.subscriptions, service.stream_places, user=caller.user, job=job, body=body
    )


async def cancel(request: Request[LifespanState]) -> Response:
    """``POST /api/templates/video/cancel?jobId=``."""
    service = service_of(request)
    caller = await caller_of(request)
    job = await service.lifecycle.cancel(job_id_of(request), caller.user)
    return job_answer(await job_body(job, service.storage), status_code=202)


def _has_seen_the_end(request: Request[LifespanState], job: Job) -> bool:
    return job.status.is_terminal and request.headers.get("last-event-id") == str(job.revision)


def _idempotency_key(request: Request[LifespanState]) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidQuery("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return key


def job_answer(body: bytes, status_code: int = 200) -> Response:
    """Return the answer with a job's body; its headers are the same each time."""
    make = _remembered_answer if len(body) <= REMEMBERED_BYTES else _new_answer
    return make(body, status_code)


def _new_answer(body: bytes, status_code: int) -> Response:
    return Response(body, status_code, NO_STORE, media_type="application/json")


_remembered_answer = functools.lru_cache(REMEMBERED_ANSWERS)(_new_answer)
