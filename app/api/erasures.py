"""Erasing a user, for the back office."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.admin_keys import admin_key_of
from app.api.presentation import erasure_json
from app.api.service import NO_STORE, LifespanState, service_of
from app.api.tokens import is_subject
from app.domain.admin_action import AdminAction
from app.problems import NotFound


async def erase_user(request: Request[LifespanState]) -> Response:
    """``DELETE /api/admin/users/{user}``."""
    action = AdminAction(key=admin_key_of(request))
    user = request.path_params["user"]
    if not is_subject(user):
        raise NotFound("No user has such a name.")
    erasure = await service_of(request).erasure_store.request(user, action)
    return JSONResponse(erasure_json(erasure), status_code=202, headers=NO_STORE)
