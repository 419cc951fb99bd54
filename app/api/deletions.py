"""Deleting a video of the library."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.service import NO_STORE, LifespanState, caller_of, is_job_id, service_of
from app.problems import VideoNotFound


async def delete_video(request: Request[LifespanState]) -> Response:
    """``DELETE /api/library/{jobId}``."""
    caller = await caller_of(request)
    job_id = request.path_params["jobId"]
    if not is_job_id(job_id):
        raise VideoNotFound("There is no such video.")
    await service_of(request).store.delete(job_id, caller.user)
    return Response(status_code=204, headers=NO_STORE)
