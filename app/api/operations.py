"""The routes for operators: liveness, readiness, metrics."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.service import NO_STORE, LifespanState, service_of
from app.telemetry import dependencies


async def healthz(_request: Request[LifespanState]) -> Response:
    """``GET /healthz``: the process runs."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def readyz(request: Request[LifespanState]) -> Response:
    """``GET /readyz``: the database can be written, tokens can be checked, no stop is under way.

    What all instances share, such as the storage, is only reported if it is away.
    """
    service = service_of(request)
    service.require_open()
    await service.readiness.check()
    body = {"status": "ready", "dependencies": dependencies.states()}
    return JSONResponse(body, headers=NO_STORE)


async def metrics(_request: Request[LifespanState]) -> Response:
    """``GET /metrics``: the counters of this process, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})
