"""The routes of the back office about one user."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.admin_keys import admin_key_of
from app.api.admin_presentation import support_user_json
from app.api.json_body import Body, json_body
from app.api.presentation import erasure_json
from app.api.service import NO_STORE, LifespanState, service_of
from app.api.tokens import MAX_SUBJECT, is_subject
from app.domain.admin_action import AdminAction
from app.problems import NotFound


class Suspension(Body):
    """Whether the user's submits are refused."""

    suspended: bool


async def user(request: Request[LifespanState]) -> Response:
    """``GET /api/admin/users/{user}``."""
    admin_key_of(request)
    return await _answer(request, _named(request))


async def change_user(request: Request[LifespanState]) -> Response:
    """``PATCH /api/admin/users/{user}``."""
    key = admin_key_of(request)
    name = _named(request)
    body = await json_body(request, Suspension)
    await service_of(request).support.suspend(
        name, suspended=body.suspended, action=AdminAction(key=key)
    )
    return await _answer(request, name)


async def erase_user(request: Request[LifespanState]) -> Response:
    """``DELETE /api/admin/users/{user}``."""
    action = AdminAction(key=admin_key_of(request))
    erasure = await service_of(request).erasure_store.request(_named(request), action)
    return JSONResponse(erasure_json(erasure), status_code=202, headers=NO_STORE)


async def _answer(request: Request[LifespanState], name: str) -> Response:
    service = service_of(request)
    found = await service.support.user(name)
    erasure = await service.erasure_store.get(name)
    return JSONResponse(support_user_json(found, erasure), headers=NO_STORE)


def _named(request: Request[LifespanState]) -> str:
    name: str = request.path_params["user"]
    if not is_subject(name):
        raise NotFound(f"A user has 1 to {MAX_SUBJECT} characters.")
    return name
