"""One route for each path, whatever its methods, so that 405 names all of them in ``Allow``."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.service import LifespanState

Endpoint = Callable[[Request[LifespanState]], Awaitable[Response]]


def route(path: str, *, middleware: Sequence[Middleware] = (), **endpoints: Endpoint) -> Route:
    """Return the route of a path with an endpoint for each method: ``route(path, GET=…)``."""

    async def dispatch(request: Request[LifespanState]) -> Response:
        method = "GET" if request.method == "HEAD" and "HEAD" not in endpoints else request.method
        return await endpoints[method](request)

    return Route(path, dispatch, methods=[*endpoints], middleware=middleware)
