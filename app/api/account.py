"""The route of a user's credits."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.presentation import statement_json
from app.api.service import NO_STORE, LifespanState, caller_of, service_of


async def credits(request: Request[LifespanState]) -> Response:  # noqa: A001 the route's name
    """``GET /api/credits``."""
    caller = await caller_of(request)
    statement = await service_of(request).accounts.credits(caller.user)
    return JSONResponse(statement_json(statement), headers=NO_STORE)
