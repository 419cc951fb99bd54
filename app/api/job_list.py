"""The route of the user's jobs."""

import json

from starlette.requests import Request
from starlette.responses import Response

from app.api.job_presentation import job_body
from app.api.paging import memory_for, page_request, split_page
from app.api.service import NO_STORE, LifespanState, caller_of, service_of
from app.domain.job import Status
from app.domain.support_job import SupportJob
from app.problems import InvalidQuery


async def jobs(request: Request[LifespanState]) -> Response:
    """``GET /api/jobs?status=&limit=&cursor=``."""
    service = service_of(request)
    caller = await caller_of(request)
    page = page_request(request.query_params)
    async with memory_for(page.limit, request, owner=caller.user):
        found = await service.job_pages.of_user(caller.user, page, status_of(request))
        rows, cursor = split_page(found, page, lambda row: row.place)
        bodies = [
            await job_body(row.job.job, service.storage)
            for row in rows
            if isinstance(row.job, SupportJob)
        ]
    body = b'{"jobs":[%b],"nextCursor":%b}' % (b",".join(bodies), json.dumps(cursor).encode())
    return Response(body, headers=NO_STORE, media_type="application/json")


def status_of(request: Request[LifespanState]) -> Status | None:
    """Return the status that the query names; raises InvalidQuery if there is no such status."""
    given = request.query_params.get("status")
    if given is None:
        return None
    try:
        return Status(given)
    except ValueError as error:
        raise InvalidQuery(f"status must be one of {', '.join(Status)}.") from error
