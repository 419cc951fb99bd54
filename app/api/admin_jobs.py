"""The routes of the back office about jobs: find them, read their story, end them."""

import asyncio
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import times
from app.api.admin_keys import admin_key_of
from app.api.admin_presentation import stored_json, story_json, support_job_json
from app.api.job_list import status_of
from app.api.json_body import Body, json_body
from app.api.paging import page_request, split_page
from app.api.service import NO_STORE, LifespanState, is_job_id, service_of
from app.api.tokens import MAX_SUBJECT, is_subject
from app.database.job_story import find_stored
from app.domain.admin_action import AdminAction
from app.domain.support_job import JobStory
from app.errors import StorageUnavailable
from app.problems import InvalidQuery, JobNotFound
from app.storage.protocol import Storage

MAX_REASON = 500
"""Characters."""


class Failing(Body):
    """Why a job is ended."""

    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON)]


async def jobs(request: Request[LifespanState]) -> Response:
    """``GET /api/admin/jobs?user=&status=&limit=&cursor=``."""
    admin_key_of(request)
    service = service_of(request)
    page = page_request(request.query_params)
    found = await service.job_pages.for_support(
        page, user=_user(request), status=status_of(request)
    )
    listed, cursor = split_page(found, page, lambda each: each.place)
    shapes = [await support_job_json(each.job, service.storage) for each in listed]
    return JSONResponse({"jobs": shapes, "nextCursor": cursor}, headers=NO_STORE)


async def story(request: Request[LifespanState]) -> Response:
    """``GET /api/admin/jobs/{jobId}``."""
    admin_key_of(request)
    service = service_of(request)
    found = await service.support.story(_job_id(request))
    shape = await story_json(found, service.storage) | await _stored(found, service.storage)
    return JSONResponse(shape, headers=NO_STORE)


async def fail(request: Request[LifespanState]) -> Response:
    """``POST /api/admin/jobs/{jobId}/fail``."""
    key = admin_key_of(request)
    service = service_of(request)
    body = await json_body(request, Failing)
    action = AdminAction(key=key, reason=body.reason)
    failed = await service.lifecycle.fail_by_hand(_job_id(request), action)
    return JSONResponse(await support_job_json(failed, service.storage), headers=NO_STORE)


async def _stored(found: JobStory, storage: Storage) -> dict[str, Any]:
    """Return what the storage has, or null and the reason why that is not known."""
    try:
        async with asyncio.timeout(times.STORAGE_CHECK):
            return {"stored": stored_json(await find_stored(storage, found.row))}
    except TimeoutError:
        return {"stored": None, "storedError": "The storage does not answer in time."}
    except StorageUnavailable as error:
        return {"stored": None, "storedError": str(error)}


def _job_id(request: Request[LifespanState]) -> str:
    job_id: str = request.path_params["jobId"]
    if not is_job_id(job_id):
        raise JobNotFound("There is no such job.")
    return job_id


def _user(request: Request[LifespanState]) -> str | None:
    user = request.query_params.get("user")
    if user is not None and not is_subject(user):
        raise InvalidQuery(f"user must have 1 to {MAX_SUBJECT} characters.")
    return user
