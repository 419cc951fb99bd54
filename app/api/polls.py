"""Status polls whose answer is known, sent before any other layer and Starlette's routing."""

from time import perf_counter

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.job_presentation import job_body
from app.api.middleware import NOSNIFF, id_header
from app.api.service import Service, authorization_of, job_id_in
from app.api.videos import job_answer
from app.telemetry.metrics import request_timer


class PollMiddleware:
    """Answers ``GET`` of the status route as the route does, in a third of the time.

    Most requests are polls, and most polls ask for what another poll has just been told. Everything
    else goes to the route: ``HEAD``, errors, whatever has to be verified or asked for, and the path
    below a root path.
    """

    def __init__(self, app: ASGIApp, *, route: Route) -> None:
        self._app = app
        self._path = route.path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        is_poll = (
            scope["type"] == "http" and scope["path"] == self._path and scope["method"] == "GET"
        )
        body = await _known_body(scope) if is_poll else None
        if body is None:
            await self._app(scope, receive, send)
            return
        headers = [*job_answer(body).raw_headers, id_header(scope), NOSNIFF]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        request_timer("GET", self._path, 200).observe(perf_counter() - began)


async def _known_body(scope: Scope) -> bytes | None:
    """Return what the route answers if nobody has to be asked; otherwise None."""
    service: Service = scope["state"]["service"]
    try:
        caller = service.identity.known(authorization_of(scope))
        if caller is None:
            return None
        job = service.lifecycle.fresh(job_id_in(scope["query_string"]))
        if job is None or job.user != caller.user:
            return None
        return await job_body(job, service.storage)
    except Exception:  # noqa: BLE001 any: the route meets it again, answers it and logs it
        return None
